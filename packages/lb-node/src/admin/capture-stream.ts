import type { CapturePacketsRequest, CapturePacketsResponse, CapturedPacket as PacketMessage } from '@weir/admin-api';
import { type CapturedPacket, type Dataplane, type DropReason, dropReasons, interfaceNameOf } from '@weir/dataplane';
import { isIpAddress } from '@weir/packet';
import type { Caller } from './caller.js';
import { FieldChecks } from './field-checks.js';
import { isNetwork } from './flow-filter.js';

const PACKETS_PER_SECOND = { most: 100_000, default: 1000 } as const;
const SNAP_BYTES = { most: 2048, default: 256 } as const;

/**
 * Packets as they come, with what became of them; between them, how many more were not kept.
 * @throws {AdminError} INVALID_ARGUMENT
 */
export async function* captureStream(
  dataplane: Pick<Dataplane, 'capture'>,
  request: CapturePacketsRequest,
  caller: Caller,
): AsyncGenerator<CapturePacketsResponse> {
  const { vip, dropReason, client, packetsPerSecond, snapLength } = checked(request);
  const capture = await dataplane.capture(
    {
      ...(vip === '' ? {} : { vip }),
      ...(client === '' ? {} : { client }),
      ...(dropReason === '' ? {} : { dropReason: dropReason as DropReason }),
    },
    {
      packetsPerSecond: packetsPerSecond || PACKETS_PER_SECOND.default,
      snapLengthBytes: snapLength || SNAP_BYTES.default,
    },
    caller.signal,
  );
  caller.audit({ target: `packets ${conditionText({ vip, client, dropReason })}` });
  let lost = 0;
  for await (const packet of capture) {
    if (capture.lost > lost) {
      yield { event: { $case: 'missed', value: BigInt(capture.lost - lost) } };
      lost = capture.lost;
    }
    yield { event: { $case: 'packet', value: packetMessage(packet) } };
  }
}

function conditionText(conditions: Readonly<Record<string, string>>): string {
  const set = Object.entries(conditions).filter(([, value]) => value !== '');
  return set.length === 0 ? 'of all' : set.map(([key, value]) => `${key}=${value}`).join(' ');
}

function packetMessage({ timestampNs, ifindex, verdict, frame, originalBytes }: CapturedPacket): PacketMessage {
  return {
    timeNs: timestampNs,
    interface: interfaceNameOf(ifindex) ?? `#${ifindex}`,
    verdict: verdict.kind,
    dropReason: 'reason' in verdict && verdict.reason !== undefined ? verdict.reason : '',
    data: Buffer.from(frame),
    originalLength: originalBytes,
  };
}

function checked(request: CapturePacketsRequest): CapturePacketsRequest {
  const { vip, client, dropReason, packetsPerSecond, snapLength } = request;
  const checks = new FieldChecks();
  const check = checks.check.bind(checks);
  const isReason = dropReason === '' || dropReasons.some((known) => known === dropReason);
  check('vip', vip === '' || isIpAddress(vip), `"${vip}" is not an IP address`);
  check(
    'client',
    client === '' || isNetwork(client),
    `"${client}" is no address and no network such as 203.0.113.0/24`,
  );
  check('drop_reason', isReason, `"${dropReason}" is none of ${dropReasons.join(', ')}`);
  const { most } = PACKETS_PER_SECOND;
  check('packets_per_second', packetsPerSecond <= most, `${packetsPerSecond} is more than ${most}`);
  check('snap_length', snapLength <= SNAP_BYTES.most, `${snapLength} is more than ${SNAP_BYTES.most}`);
  checks.refuse();
  return request;
}
