import type { NodeConfig, WrittenBackend, WrittenService } from '@weir/control';
import { parse, stringify } from 'yaml';
import { redacted } from './redact.js';

/** Entries of the configuration as they were written, wherever they stand. */
export interface WrittenEntries {
  services(): readonly Pick<WrittenService, 'name' | 'document'>[];
  backends(): readonly Pick<WrittenBackend, 'service' | 'document'>[];
}

/**
 * The configuration in force as weir.yaml would have it: what the file says, with the services, the settings and the state
 * of the node that etcd or changes through the API have put in their place. Secrets are left out, and comments.
 * @param text  weir.yaml as it is in force
 */
export function configYaml(text: string, config: NodeConfig, entries: WrittenEntries): string {
  const document = parse(text) as Readonly<Record<string, unknown>>;
  const settings = config.etcd === undefined ? {} : sharedSettings(document, config);
  const services = servicesOf(entries);
  return stringify(redacted({ ...document, ...settings, services }), { lineWidth: 0 });
}

function servicesOf(entries: WrittenEntries): readonly object[] {
  const backends = entries.backends();
  return entries.services().map(({ name, document }) => {
    const own = backends.filter(({ service }) => service === name).map((backend) => backend.document);
    return own.length === 0 ? document : { ...document, backends: own };
  });
}

/** What etcd may say over the file, see docs/etcd.md. */
function sharedSettings(document: Readonly<Record<string, unknown>>, config: NodeConfig): object {
  const { node, dataplane, guard, bgp, nodes } = config;
  const section = (name: string) => (document[name] ?? {}) as object;
  return {
    node: { ...section('node'), state: node.wantedState },
    dataplane: { ...section('dataplane'), timeouts: timeoutTexts(dataplane.timeouts) },
    guard,
    ...(bgp === undefined ? {} : { bgp: { ...section('bgp'), announce: bgp.announce } }),
    ...(nodes === undefined ? {} : { nodes }),
  };
}

/** `tcpSynMs: 60000` is `tcpSyn: 60s` there. */
function timeoutTexts(timeouts: NodeConfig['dataplane']['timeouts']): object {
  return Object.fromEntries(
    Object.entries(timeouts).map(([name, ms]) => [
      name.replace(/Ms$/, ''),
      ms % 1_000 === 0 ? `${ms / 1_000}s` : `${ms}ms`,
    ]),
  );
}
