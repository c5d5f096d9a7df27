import fc from 'fast-check';
import { arbitraryFinding } from './found-flow.js';
import { type FramePlan, plainFrame } from './frame-plan.js';
import { arbitraryHandover } from './handover.js';
import { backends, clients, local, unreachableClients, vips } from './lab-addresses.js';
import type { Aim, AnswerChange, IcmpErrorPlan, Step } from './scenario.js';
import { seldom } from './seldom.js';
import { arbitraryStrayAnswer } from './stray-answer.js';

const clientPorts = [1024, 1025, 40_000, 65_535] as const;
const servicePorts = [80, 443, 53, 8000, 8005, 8006, 8010, 0, 1] as const;
const protocolNumbers = [6, 6, 6, 6, 17, 17, 132, 50, 51, 47, 1, 58] as const;
const tcpFlags = [0x02, 0x02, 0x02, 0x10, 0x18, 0x11, 0x12, 0x04, 0x14, 0x03, 0x06, 0x00, 0x29, 0xc2] as const;
/** Hex; whole words. */
const tcpOptions = [
  '',
  '',
  '020405b4',
  '01020405b4010101',
  '0101020405b40101',
  '020405b40402080a00000001000000000103030a',
  `${'01'.repeat(36)}020405b4`,
  '01'.repeat(40),
  '000405b4',
  '0300020405b40101',
  '03030a020405b401',
  '0206020405b4ffff',
  'fe0812340a000001',
  '01fe081234c0000001020405b4010000',
  'fe141234200100000000000000000000000000ff',
] as const;
const payloadSizes = [0, 0, 0, 1, 7, 100, 1200, 1320, 1340, 1352, 1360, 1400, 1420, 1440, 1460] as const;
const ttls = [64, 64, 64, 64, 64, 64, 255, 2, 1, 0] as const;
const extensionKinds = [0, 43, 60] as const;

/** Mostly packets of clients; the rest is about frames that arrived or left before. */
export function arbitrarySteps(maxLength: number): fc.Arbitrary<Step[]> {
  return fc.array(
    fc.oneof(
      { weight: 60, arbitrary: arbitraryFlowPacket() },
      { weight: 16, arbitrary: arbitraryPacket() },
      { weight: 16, arbitrary: fc.record({ kind: fc.constant('answer'), to: fc.nat(30), change: arbitraryChange() }) },
      {
        weight: 8,
        arbitrary: fc.record({ kind: fc.constant('error-about-sent'), about: fc.nat(30), error: arbitraryError() }),
      },
      {
        weight: 8,
        arbitrary: fc.record({ kind: fc.constant('error-to-vip'), about: fc.nat(30), error: arbitraryError() }),
      },
      {
        weight: 12,
        arbitrary: fc.record({ kind: fc.constant('handover'), of: fc.nat(30), plan: arbitraryHandover() }),
      },
      { weight: 10, arbitrary: fc.record({ kind: fc.constant('stray-answer'), plan: arbitraryStrayAnswer() }) },
      {
        weight: 16,
        arbitrary: fc.record({
          kind: fc.constant('again'),
          among: fc.constantFrom('arrived', 'missed', 'missed'),
          of: fc.constantFrom(0, 0, 0, 1, 2, 5),
        }),
      },
      { weight: 3, arbitrary: arbitraryEcho() },
      { weight: 6, arbitrary: fc.record({ kind: fc.constant('wait'), ticks: fc.constantFrom(1, 1, 2, 3, 5, 10, 31) }) },
      {
        weight: 14,
        arbitrary: fc.record({
          kind: fc.constant('settle'),
          missed: fc.constantFrom(0, 0, 0, 0, 1, 2, 3, 7),
          finding: arbitraryFinding(),
        }),
      },
      {
        weight: 8,
        arbitrary: fc.record({
          kind: fc.constant('forget'),
          told: fc.constantFrom(0, 0, 1, 2, 7),
          flows: fc.constantFrom(1, 2, 30),
        }),
      },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('apply'), tables: fc.nat(1) }) },
    ) as fc.Arbitrary<Step>,
    { minLength: 1, maxLength, size: 'max' },
  );
}

/** One without oddities, at a service: most of traffic is. */
function arbitraryFlowPacket(): fc.Arbitrary<Step> {
  return fc
    .record({
      aim: arbitraryAim(2),
      sourcePort: fc.constantFrom(...clientPorts.slice(0, 2)),
      destinationPort: fc.constantFrom(...servicePorts.slice(0, 3)),
      tcpFlags: fc.constantFrom(0x02, 0x02, 0x10, 0x11, 0x04),
      tcpSequence: fc.constantFrom(1, 1, 1, 2),
      tcpOptions: fc.constantFrom(...tcpOptions.slice(0, 4)),
    })
    .map(({ aim, ...plan }) => ({ kind: 'packet' as const, aim, plan: { ...plainFrame, ...plan } }));
}

/** @param clientsMax  few meet each other's flows more often */
function arbitraryAim(clientsMax: number): fc.Arbitrary<Aim> {
  return fc.record({ listener: fc.nat(11), client: fc.nat(clientsMax - 1) });
}

function arbitraryPacket(): fc.Arbitrary<Step> {
  return fc
    .record({
      ends: arbitraryEnds(),
      aim: fc.oneof({ weight: 3, arbitrary: arbitraryAim(4) }, { weight: 1, arbitrary: fc.constant(undefined) }),
      protocol: fc.constantFrom(...protocolNumbers),
      sourcePort: fc.constantFrom(...clientPorts),
      destinationPort: fc.constantFrom(...servicePorts),
      ttl: fc.constantFrom(...ttls),
      trafficClass: fc.nat(255),
      tcpFlags: fc.constantFrom(...tcpFlags),
      tcpSequence: fc.constantFrom(1, 0xffff_ffff),
      tcpOptions: arbitraryOptions(),
      payloadBytes: fc.constantFrom(...payloadSizes),
      checksum: fc.constantFrom<FramePlan['checksum']>('right', 'right', 'right', 'zero', 'wrong'),
      extensions: arbitraryExtensions(),
      fragment: arbitraryFragment(),
      to: fc.constantFrom<FramePlan['to']>(...Array(12).fill('eth0'), 'eth1', 'another node'),
      tags: fc.oneof(
        { weight: 5, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.array(fc.nat(4095), { maxLength: 3 }) },
      ),
      paddingBytes: fc.constantFrom(0, 0, 0, 1, 6, 18),
      damage: arbitraryDamage(6),
      transportBytesMax: seldom(20, fc.nat(20)),
    })
    .map(({ ends, aim, ...plan }) => ({ kind: 'packet' as const, aim, plan: { ...ends, ...plan } }));
}

/** What clients send, what they should not, and nonsense. */
function arbitraryOptions(): fc.Arbitrary<string> {
  const byte = fc.constantFrom(0, 1, 2, 3, 4, 8, 20, 0x3f, 0x40, 0x41, 254, 255);
  const word = fc.array(byte, { minLength: 4, maxLength: 4 });
  return fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...tcpOptions) },
    {
      weight: 1,
      arbitrary: fc.array(word, { maxLength: 10 }).map((words) => Buffer.from(words.flat()).toString('hex')),
    },
  );
}

/** Mostly from a client to a VIP; now and then somebody else. */
function arbitraryEnds(): fc.Arbitrary<Pick<FramePlan, 'source' | 'destination'>> {
  return fc.constantFrom<4 | 6>(4, 6).chain((family) =>
    fc.record({
      source: fc.constantFrom<string>(
        ...clients[family],
        ...clients[family],
        unreachableClients[family],
        backends[family][0],
      ),
      destination: fc.constantFrom<string>(
        ...vips[family],
        ...vips[family],
        ...vips[family],
        clients[family][0],
        local[family][0],
      ),
    }),
  );
}

function arbitraryExtensions(): fc.Arbitrary<readonly number[]> {
  return fc.oneof(
    { weight: 4, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(fc.constantFrom(...extensionKinds), { minLength: 1, maxLength: 5 }) },
  );
}

function arbitraryFragment(): fc.Arbitrary<FramePlan['fragment']> {
  return seldom(
    8,
    fc.record({
      identification: fc.constantFrom(1, 2, 0x1_0001),
      offset: fc.constantFrom(0, 0, 1, 185),
      more: fc.boolean(),
    }),
  );
}

function arbitraryDamage(oneIn: number): fc.Arbitrary<FramePlan['damage']> {
  return seldom(
    oneIn,
    fc.oneof(
      fc.record({ kind: fc.constant('cut' as const), at: fc.nat(120) }),
      fc.record({ kind: fc.constant('set' as const), at: fc.nat(100), value: fc.nat(255) }),
    ),
  );
}

function arbitraryChange(): fc.Arbitrary<AnswerChange> {
  return fc.record({
    tcpFlags: fc.constantFrom(0x12, 0x12, 0x10, 0x11, 0x04),
    tcpOptions: fc.constantFrom(...tcpOptions.slice(0, 4)),
    ttl: fc.constantFrom(64, 64, 64, 64, 1),
    payloadBytes: fc.constantFrom(0, 0, 9, 1460),
    fragment: arbitraryFragment(),
    damage: arbitraryDamage(20),
  });
}

function arbitraryError(): fc.Arbitrary<IcmpErrorPlan> {
  return fc.record({
    type: fc.constantFrom(3, 3, 11, 12, 1, 2, 4, 5),
    code: fc.constantFrom(0, 1, 3, 4),
    rest: fc.constantFrom(0, 1400, 1280),
    quotedBytes: fc.constantFrom(28, 48, 60, 200, 200, 200, 38, 39, 27, 47, 19, 40),
    extensions: arbitraryExtensions(),
    fragment: arbitraryFragment(),
    ttl: fc.constantFrom(64, 64, 64, 1),
    paddingBytes: fc.constantFrom(0, 0, 4),
  });
}

function arbitraryEcho(): fc.Arbitrary<Step> {
  return fc.constantFrom<4 | 6>(4, 6).chain((family) =>
    fc.record({
      kind: fc.constant('echo' as const),
      from: fc.constantFrom<string>(...clients[family]),
      to: fc.constantFrom<string>(...vips[family], local[family][0]),
      type: fc.constantFrom(8, 0, 128, 129),
      body: fc.constantFrom(0, 1, 56),
    }),
  );
}
