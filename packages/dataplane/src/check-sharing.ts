import { isIpAddress } from '@weir/packet';
import { allLocalPorts, type ForwardingTables } from './dataplane.js';
import { DataplaneError } from './dataplane-error.js';

/** As far ahead as a flow can be due: docs/packet-path.md, section 8. */
const TELL_AFTER_MS_MAX = 300_000;
/** One a nanosecond: what the XDP engine's rate is counted in. */
const TAKEOVERS_PER_SECOND_MAX = 1_000_000_000;

/**
 * What can be wrong with sharing, and with the ports of local addresses.
 * @throws {DataplaneError} TABLES_INVALID naming the field and its value
 */
export function checkSharing({ sharing, localPorts }: Pick<ForwardingTables, 'sharing' | 'localPorts'>): void {
  if (localPorts !== undefined) {
    const { first, last } = localPorts;
    const isPort = (port: number) =>
      Number.isInteger(port) && port >= allLocalPorts.first && port <= allLocalPorts.last;
    if (!isPort(first) || !isPort(last) || last < first) {
      throw new DataplaneError(
        'TABLES_INVALID',
        `localPorts ${first} to ${last} are no range within ${allLocalPorts.first} to ${allLocalPorts.last}`,
      );
    }
  }
  if (sharing === undefined) return;
  const { tellAfterMs, takeoversPerSecond, localAddresses } = sharing;
  if (!(tellAfterMs >= 0 && tellAfterMs <= TELL_AFTER_MS_MAX)) {
    throw invalid(`tellAfterMs ${tellAfterMs} is not between 0 and ${TELL_AFTER_MS_MAX}`);
  }
  if (
    !Number.isInteger(takeoversPerSecond) ||
    takeoversPerSecond < 0 ||
    takeoversPerSecond > TAKEOVERS_PER_SECOND_MAX
  ) {
    throw invalid(
      `takeoversPerSecond ${takeoversPerSecond} is not a whole number between 0 and ${TAKEOVERS_PER_SECOND_MAX}`,
    );
  }
  const stranger = localAddresses.find((address) => !isIpAddress(address));
  if (stranger !== undefined) throw invalid(`localAddresses: "${stranger}" is not an IP address`);
}

function invalid(problem: string): DataplaneError {
  return new DataplaneError('TABLES_INVALID', `sharing: ${problem}`);
}
