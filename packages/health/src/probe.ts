import { type Ask, attempt, type ProbeResult } from './attempt.js';
import { askDns } from './dns-probe.js';
import { askGrpc } from './grpc-probe.js';
import type { Probe, ProbeTarget } from './health-check.js';
import { askHttp } from './http-probe.js';
import { askIcmp } from './icmp-probe.js';
import { askScript } from './script-probe.js';
import { askSyn } from './syn-probe.js';
import { askTcp } from './tcp-probe.js';

/**
 * Probes a backend once. Resolves to what was found, with the reason, after at most `timeoutMs`; never rejects. By then
 * all that the probe opened is closed.
 */
export function probe(probe: Probe, target: ProbeTarget, timeoutMs: number, signal: AbortSignal): Promise<ProbeResult> {
  const ask = asks[probe.kind] as Ask<Probe>;
  return attempt(timeoutMs, signal, (settle) => ask(probe, target, settle));
}

const asks: { readonly [Kind in Probe['kind']]: Ask<Extract<Probe, { kind: Kind }>> } = {
  icmp: askIcmp,
  tcp: askTcp,
  syn: askSyn,
  http: askHttp,
  dns: askDns,
  grpc: askGrpc,
  script: askScript,
};
