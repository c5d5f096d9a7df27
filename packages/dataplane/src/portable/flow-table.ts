import assert from 'node:assert';
import { defaultFlowTimeouts, type FlowTableFill, type FlowTimeouts } from '../dataplane.js';
import { countConnection } from './backend.js';
import { answerTuple, clientTuple, type Flow } from './flow.js';
import { type FlowState, isActive, type Side, stateTimeouts } from './flow-state.js';
import type { Service } from './service.js';
import type { TellStep } from './tell-step.js';
import { isExpired } from './ticks.js';
import { type Tuple, tupleText } from './tuple.js';

/** What a decision does with flows. */
export type Flows = Pick<
  FlowTable,
  'timeoutOf' | 'ofClient' | 'ofAnswer' | 'knows' | 'add' | 'touch' | 'end' | 'tellEnd' | 'forget'
>;

/**
 * The flows that are remembered, found by a packet of the client or, where addresses are translated, by one of the
 * backend. Counts of connections follow each change.
 */
export class FlowTable {
  readonly #flowsMax: number;
  /** Least recently seen first. */
  readonly #byClient = new Map<string, Flow>();
  readonly #byAnswer = new Map<string, Flow>();
  readonly #onEnd: (told: Uint8Array) => void;
  #timeouts = stateTimeouts(defaultFlowTimeouts);

  /** @param onEnd  a flow that was told is over; with what was told of it */
  constructor(flowsMax: number, onEnd: (told: Uint8Array) => void = () => {}) {
    assert(flowsMax >= 1, 'a flow has to fit');
    this.#flowsMax = flowsMax;
    this.#onEnd = onEnd;
  }

  set timeouts(timeouts: FlowTimeouts) {
    this.#timeouts = stateTimeouts(timeouts);
  }

  /** Ticks without a packet, beyond which a flow in this state is forgotten. */
  timeoutOf(state: FlowState): number {
    return this.#timeouts[state];
  }

  /** The flow that a packet of a client belongs to. */
  ofClient(tuple: Tuple, nowTicks: number): Flow | undefined {
    return this.#stillThere(this.#byClient.get(tupleText(tuple)), nowTicks);
  }

  /** The flow that a packet of a backend, back through this node, belongs to. */
  ofAnswer(tuple: Tuple, nowTicks: number): Flow | undefined {
    return this.#stillThere(this.#byAnswer.get(tupleText(tuple)), nowTicks);
  }

  /** Whether a flow of this service is known by this tuple of its client. Nothing changes by the question. */
  knows(tuple: Tuple, service: Service, nowTicks: number): boolean {
    const flow = this.#byClient.get(tupleText(tuple));
    return flow !== undefined && flow.backend.service === service && this.#isThere(flow, nowTicks);
  }

  /** The same flows for a packet that changes nothing: what it would add is told. */
  asSeen(tell: TellStep): Flows {
    const ifThere = (flow: Flow | undefined, nowTicks: number) =>
      flow !== undefined && this.#isThere(flow, nowTicks) ? flow : undefined;
    return {
      timeoutOf: (state) => this.timeoutOf(state),
      ofClient: (tuple, nowTicks) => ifThere(this.#byClient.get(tupleText(tuple)), nowTicks),
      ofAnswer: (tuple, nowTicks) => ifThere(this.#byAnswer.get(tupleText(tuple)), nowTicks),
      knows: (tuple, service, nowTicks) => this.knows(tuple, service, nowTicks),
      add: ({ state }) => tell({ step: 'remembered', state }),
      touch() {},
      end() {},
      tellEnd() {},
      forget() {},
    };
  }

  /** The flow of these packets of a client, be it over or not; nothing changes by the question. */
  at(tuple: Tuple): Flow | undefined {
    return this.#byClient.get(tupleText(tuple));
  }

  has(flow: Flow): boolean {
    return this.at(clientTuple(flow)) === flow;
  }

  /** Remembers a flow; who had its tuples gives way, and where there is no room, who was not seen for longest. */
  add(flow: Flow): void {
    const keys = keysOf(flow);
    const former = [this.#byClient.get(keys.client), keys.answer && this.#byAnswer.get(keys.answer)];
    for (const flowBefore of former) if (flowBefore) this.remove(flowBefore);
    while (this.#byClient.size >= this.#flowsMax) this.remove(this.#leastRecent());
    this.#byClient.set(keys.client, flow);
    if (keys.answer !== undefined) this.#byAnswer.set(keys.answer, flow);
    flow.backend.newFlows++;
    countConnection(flow.backend, isActive(flow.state) ? 'active' : 'inactive', 1);
  }

  /** What is taken, and how much there is. */
  get fill(): FlowTableFill {
    const places = this.#flowsMax;
    return { taken: this.#byClient.size, places, answers: { taken: this.#byAnswer.size, places } };
  }

  /** One more packet of a flow, and the state that it leads to. */
  touch(flow: Flow, side: Side, state: FlowState, nowTicks: number): void {
    if (isActive(state) !== isActive(flow.state)) {
      countConnection(flow.backend, isActive(flow.state) ? 'active' : 'inactive', -1);
      countConnection(flow.backend, isActive(state) ? 'active' : 'inactive', 1);
    }
    flow.state = state;
    flow.lastSeen[side] = nowTicks;
    if (state === 'close') this.tellEnd(flow);
    const key = tupleText(clientTuple(flow));
    this.#byClient.delete(key);
    this.#byClient.set(key, flow);
  }

  /** A flow is over: its end is told. */
  end(flow: Flow): void {
    this.remove(flow);
    this.tellEnd(flow);
  }

  /** What was told of the flow is over, and it counts as never told. */
  tellEnd(flow: Flow): void {
    const { told } = flow;
    flow.told = undefined;
    if (told !== undefined) this.#onEnd(told);
  }

  /** The flow of these packets of a client is another node's from now on: that is no end. */
  forget(tuple: Tuple): void {
    const flow = this.#byClient.get(tupleText(tuple));
    if (flow !== undefined) this.remove(flow);
  }

  /** Without an end: the flow may come back. Both directions go together. */
  remove(flow: Flow): void {
    const { client, answer } = keysOf(flow);
    if (!this.#byClient.delete(client)) return;
    if (answer !== undefined) this.#byAnswer.delete(answer);
    countConnection(flow.backend, isActive(flow.state) ? 'active' : 'inactive', -1);
  }

  /** Takes out what has expired, and what belongs to backends that are gone. */
  sweep(nowTicks: number): void {
    for (const flow of this.#byClient.values()) this.#stillThere(flow, nowTicks);
  }

  /** Those that are remembered, by backends that there still are; the least recently seen first. */
  *[Symbol.iterator](): IterableIterator<Flow> {
    for (const flow of this.#byClient.values()) if (flow.backend.inForce) yield flow;
  }

  /** A flow that is over is forgotten when it is met. */
  #stillThere(flow: Flow | undefined, nowTicks: number): Flow | undefined {
    if (flow === undefined || this.#isThere(flow, nowTicks)) return flow;
    this.end(flow);
    return undefined;
  }

  #isThere({ backend, lastSeen, state }: Flow, nowTicks: number): boolean {
    return backend.inForce && !isExpired(Math.max(lastSeen.client, lastSeen.server), this.#timeouts[state], nowTicks);
  }

  #leastRecent(): Flow {
    const [flow] = this.#byClient.values();
    assert(flow !== undefined, 'a table that is full has a flow');
    return flow;
  }
}

function keysOf(flow: Flow): { readonly client: string; readonly answer: string | undefined } {
  const { protocol, translation } = flow;
  return {
    client: tupleText(clientTuple(flow)),
    answer: translation && tupleText(answerTuple(protocol, translation)),
  };
}
