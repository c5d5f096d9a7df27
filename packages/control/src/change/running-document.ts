import { isDeepStrictEqual } from 'node:util';
import { InvalidConfigError } from '../config-error.js';
import type { NodeDocument, NodeInput } from '../node-schema.js';
import { checkedNodeDocument, type WrittenNode } from '../parse-node-config.js';
import type { ServiceInput } from '../service-schema.js';
import type { TimeoutsInput, WantedState } from './config-changes.js';
import { problemsOfService } from './entry-problems.js';

/** What became of an entry of weir.yaml while the daemon runs; undefined: it is not there. */
interface Overlaid<T> {
  readonly value: T | undefined;
  /** What the file said of it then. */
  readonly base: T | undefined;
}

interface Overlay {
  readonly services: ReadonlyMap<string, Overlaid<ServiceInput>>;
  readonly nodeState?: Overlaid<WantedState>;
  readonly timeouts?: Overlaid<TimeoutsInput>;
}

const NOTHING: Overlay = { services: new Map() };

/** weir.yaml and what was changed of it while the daemon runs; right as a whole. Never changes: each change makes another one. */
export class RunningDocument {
  readonly file: WrittenNode;
  /** As its authors wrote it. */
  readonly written: NodeInput;
  readonly document: NodeDocument;
  readonly #overlay: Overlay;

  constructor(file: WrittenNode, overlay: Overlay = NOTHING) {
    this.file = file;
    this.#overlay = overlay;
    this.written = overlay === NOTHING ? file.written : laidOver(file.written, overlay);
    this.document = overlay === NOTHING ? file.document : checked(this.written);
  }

  get services(): readonly ServiceInput[] {
    return this.written.services ?? [];
  }

  isOfFile(service: string): boolean {
    return !this.#overlay.services.has(service);
  }

  /**
   * @param value  undefined: the service goes
   * @throws {InvalidConfigError} paths begin at the service
   */
  withService(name: string, value: ServiceInput | undefined): RunningDocument {
    const services = new Map(this.#overlay.services);
    const base = serviceOf(this.file, name);
    if (isDeepStrictEqual(value, base)) services.delete(name);
    else services.set(name, { value, base });
    return this.#with({ ...this.#overlay, services }, name);
  }

  withNodeState(state: WantedState): RunningDocument {
    return this.#with({ ...this.#overlay, nodeState: { value: state, base: this.file.written.node.state } });
  }

  /** @throws {InvalidConfigError} */
  withTimeouts(timeouts: TimeoutsInput): RunningDocument {
    return this.#with({ ...this.#overlay, timeouts: { value: timeouts, base: this.file.written.dataplane?.timeouts } });
  }

  /**
   * The same beside a file that was changed: what the file says otherwise than before is what holds, the rest of the changes
   * stays.
   * @throws {InvalidConfigError} the file and those changes contradict each other
   */
  withFile(file: WrittenNode): RunningDocument {
    const services = [...this.#overlay.services].filter(([name, entry]) => isStanding(entry, serviceOf(file, name)));
    const { nodeState, timeouts } = this.#overlay;
    const { node, dataplane } = file.written;
    const others = {
      ...(nodeState && isStanding(nodeState, node.state) ? { nodeState } : {}),
      ...(timeouts && isStanding(timeouts, dataplane?.timeouts) ? { timeouts } : {}),
    };
    return this.#with({ services: new Map(services), ...others }, undefined, file);
  }

  /** Names of services whose changes a changed file puts an end to. */
  overruledBy(file: WrittenNode): readonly string[] {
    return [...this.#overlay.services].flatMap(([name, entry]) => {
      const ofFile = serviceOf(file, name);
      return isStanding(entry, ofFile) || isDeepStrictEqual(ofFile, entry.value) ? [] : [name];
    });
  }

  #with(overlay: Overlay, service?: string, file = this.file): RunningDocument {
    const { services, nodeState, timeouts } = overlay;
    const isNothing = services.size === 0 && nodeState === undefined && timeouts === undefined;
    try {
      return new RunningDocument(file, isNothing ? NOTHING : overlay);
    } catch (error) {
      if (!(error instanceof InvalidConfigError) || service === undefined) throw error;
      const names = (laidOver(file.written, overlay).services ?? []).map(({ name }) => name);
      throw problemsOfService(error.problems, names, service);
    }
  }
}

/** An entry of weir.yaml. */
export function serviceOf({ written }: WrittenNode, name: string): ServiceInput | undefined {
  return written.services?.find((service) => service.name === name);
}

/** The file says what it said then, and does not say the same as the change. */
function isStanding<T>({ value, base }: Overlaid<T>, ofFile: T | undefined): boolean {
  return isDeepStrictEqual(ofFile, base) && !isDeepStrictEqual(ofFile, value);
}

/** Services stay in their places, new ones come last. */
function laidOver(written: NodeInput, { services, nodeState, timeouts }: Overlay): NodeInput {
  const ofFile = written.services ?? [];
  const known = new Set(ofFile.map(({ name }) => name));
  const kept = ofFile.flatMap((service) => {
    const entry = services.get(service.name);
    if (entry === undefined) return [service];
    return entry.value === undefined ? [] : [entry.value];
  });
  const added = [...services].flatMap(([name, { value }]) => (known.has(name) || value === undefined ? [] : [value]));
  return {
    ...written,
    ...(nodeState?.value === undefined ? {} : { node: { ...written.node, state: nodeState.value } }),
    ...(timeouts?.value === undefined ? {} : { dataplane: { ...written.dataplane, timeouts: timeouts.value } }),
    services: [...kept, ...added],
  };
}

function checked(written: NodeInput): NodeDocument {
  const document = { value: written, lineOfValue: () => 1, lineOfKey: () => 1, numberText: () => undefined };
  return checkedNodeDocument(document, 'the running configuration');
}
