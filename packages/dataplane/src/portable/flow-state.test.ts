import test from 'ava';
import { type FlowState, firstState, firstStateOfUnknown, nextState, type Side } from './flow-state.js';
import { flag } from './test-support/engine.js';

const TCP = 6;
const { ack, fin, rst, syn } = flag;

const first: readonly (readonly [number, number, FlowState])[] = [
  [TCP, syn, 'syn'],
  [TCP, syn | ack, 'established'],
  [TCP, ack, 'established'],
  [TCP, fin | ack, 'fin_by_client'],
  [TCP, syn | rst, 'close'],
  [17, 0, 'datagram'],
  [132, 0, 'other'],
];
for (const [protocol, flags, expected] of first) {
  test(`a flow of protocol ${protocol} that begins with flags ${flags} is ${expected}`, (t) => {
    t.is(firstState(protocol, flags), expected);
  });
}

test('a flow that nobody knew begins in syn, with RST in close, or as it would without TCP', (t) => {
  const flags = [syn, syn | ack, ack, fin | ack, 0];
  t.true(flags.every((each) => firstStateOfUnknown(TCP, each) === 'syn'));
  t.is(firstStateOfUnknown(TCP, rst), 'close');
  t.is(firstStateOfUnknown(17, 0), 'datagram');
  t.is(firstStateOfUnknown(132, 0), 'other');
});

const next: readonly (readonly [FlowState, Side, number, FlowState])[] = [
  ['syn', 'server', syn | ack, 'syn'],
  ['syn', 'client', ack, 'established'],
  ['syn', 'server', ack, 'syn'],
  ['established', 'client', syn, 'established'],
  ['established', 'client', fin | ack, 'fin_by_client'],
  ['established', 'server', fin | ack, 'fin_by_server'],
  ['fin_by_client', 'client', fin | ack, 'fin_by_client'],
  ['fin_by_client', 'client', ack, 'fin_by_client'],
  ['fin_by_client', 'server', fin | ack, 'close'],
  ['fin_by_server', 'client', fin | ack, 'close'],
  ['fin_by_server', 'client', syn, 'syn'],
  ['fin_by_server', 'server', syn, 'fin_by_server'],
  ['close', 'client', syn, 'syn'],
  ['close', 'client', ack, 'close'],
  ['established', 'server', rst, 'close'],
  ['datagram', 'client', rst, 'datagram'],
];
for (const [state, side, flags, expected] of next) {
  test(`${state}, flags ${flags} from the ${side}: ${expected}`, (t) => t.is(nextState(state, side, flags), expected));
}
