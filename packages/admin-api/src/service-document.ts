import { BackendSpec, type Listener, ServiceSpec } from './generated/weir/admin/v1/services.js';

/** An entry of `services` or `backends` of weir.yaml as its author writes it: keys and values of plain JSON. */
export type Entry = Readonly<Record<string, unknown>>;

/**
 * A service as weir.yaml has it. Nothing is checked: what is wrong in the message is wrong in the entry too, at the same path but
 * for the keys of a single listener, which stand in the service itself.
 */
export function serviceEntryOf(spec: ServiceSpec): Entry {
  const {
    name: _,
    listeners: __,
    backends: ___,
    discoveryJson,
    healthCheck,
    minHealthy,
    ...rest
  } = ServiceSpec.toJSON(spec) as Entry;
  return {
    name: spec.name,
    ...listenerKeys(spec.listeners),
    ...rest,
    ...(healthCheck === undefined ? {} : { healthCheck: checkEntry(healthCheck as Entry) }),
    ...(minHealthy === undefined ? {} : { minHealthy: numberIfOne(String(minHealthy)) }),
    ...(spec.backends.length === 0 ? {} : { backends: spec.backends.map(backendEntryOf) }),
    ...(discoveryJson === undefined ? {} : { discovery: parsed(String(discoveryJson)) }),
  };
}

/** A backend as weir.yaml has it. */
export function backendEntryOf(spec: BackendSpec): Entry {
  const { healthCheck, ...rest } = BackendSpec.toJSON(spec) as Entry;
  return { ...rest, ...(healthCheck === undefined ? {} : { healthCheck: checkEntry(healthCheck as Entry) }) };
}

/** The message of an entry of weir.yaml that is valid; what the schema does not know is left out. */
export function serviceSpecOf(entry: Entry): ServiceSpec {
  const {
    vip,
    protocol,
    port,
    listeners,
    pinning,
    healthCheck,
    minHealthy,
    backends,
    discovery,
    passiveCheck,
    ...rest
  } = entry;
  const own = (listeners as readonly Entry[] | undefined) ?? [
    { vip, port, ...(protocol === undefined ? {} : { protocol }) },
  ];
  return ServiceSpec.fromJSON({
    ...rest,
    listeners: own.map((listener) => ({ ...listener, port: String(listener.port) })),
    ...(pinning === undefined || pinning === 'off' ? {} : { pinning }),
    ...(passiveCheck === undefined || passiveCheck === 'off' ? {} : { passiveCheck }),
    ...(healthCheck === undefined ? {} : { healthCheck: checkMessage(healthCheck) }),
    ...(minHealthy === undefined ? {} : { minHealthy: String(minHealthy) }),
    backends: ((backends as readonly Entry[] | undefined) ?? []).map((backend) =>
      BackendSpec.toJSON(backendSpecOf(backend)),
    ),
    ...(discovery === undefined ? {} : { discoveryJson: JSON.stringify(discovery) }),
  });
}

/** The same of an entry of `backends`. */
export function backendSpecOf({ healthCheck, ...rest }: Entry): BackendSpec {
  return BackendSpec.fromJSON({
    ...rest,
    ...(healthCheck === undefined ? {} : { healthCheck: checkMessage(healthCheck) }),
  });
}

/** A single listener's keys stand in the service itself. */
function listenerKeys(listeners: readonly Listener[]): Entry {
  const entries = listeners.map(({ vip, protocol, port }) => ({
    vip,
    ...(protocol === undefined ? {} : { protocol }),
    port: numberIfOne(port),
  }));
  const [only] = entries;
  return entries.length === 1 && only !== undefined ? only : { listeners: entries };
}

function checkEntry({ off, damping, ...rest }: Entry): unknown {
  if (off === true) return 'off';
  if (damping === undefined) return rest;
  return { ...rest, damping: (damping as Entry).off === true ? 'off' : damping };
}

function checkMessage(entry: unknown): Entry {
  if (entry === 'off') return { off: true };
  const { damping, ...rest } = entry as Entry;
  return { ...rest, ...(damping === undefined ? {} : { damping: damping === 'off' ? { off: true } : damping }) };
}

function numberIfOne(text: string): number | string {
  return /^\d+$/.test(text) ? Number(text) : text;
}

/** What is no JSON stays text, which the schema refuses by its path. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}
