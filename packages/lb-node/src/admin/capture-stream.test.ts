import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClientReadableStream, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { type CapturePacketsRequest, type CapturePacketsResponse, decodeDetails, TraceClient } from '@weir/admin-api';
import type { NodeConfig } from '@weir/control';
import { createLogger } from '@weir/daemon';
import {
  type CapturedPacket,
  type CaptureFilter,
  type CaptureLimits,
  DataplaneError,
  type PacketCapture,
} from '@weir/dataplane';
import { eventually } from '@weir/errors/test-support';
import test, { type ExecutionContext } from 'ava';
import { AdminServer } from './admin-server.js';
import { traceService } from './trace-service.js';

const logger = createLogger('test', { level: 'fatal', format: 'json' });
const anyPacket: CapturePacketsRequest = { vip: '', client: '', dropReason: '', packetsPerSecond: 0, snapLength: 0 };
/** No machine has an interface of this index. */
const IFINDEX = 2 ** 31 - 1;
const denied: CapturedPacket = {
  timestampNs: 1_700_000_000_000_000_000n,
  ifindex: IFINDEX,
  verdict: { kind: 'dropped', reason: 'denied' },
  frame: Uint8Array.of(1, 2, 3),
  originalBytes: 60,
};
const passed: CapturedPacket = { ...denied, verdict: { kind: 'passed' } };

/** Stands where a data plane does: has packets to tell, numbers of those that it lost, and one capture at a time. */
class CapturingPlane {
  asked: { readonly filter: CaptureFilter; readonly limits: CaptureLimits } | undefined;
  isCapturing = false;
  /** Packets in their order; before a number, so many are lost. */
  readonly #seen: readonly (CapturedPacket | number)[];

  constructor(seen: readonly (CapturedPacket | number)[]) {
    this.#seen = seen;
  }

  async capture(filter: CaptureFilter, limits: CaptureLimits, signal: AbortSignal): Promise<PacketCapture> {
    if (this.isCapturing) throw new DataplaneError('CAPTURE_REFUSED', 'another capture is under way on this node');
    this.isCapturing = true;
    this.asked = { filter, limits };
    const capture = { lost: 0, [Symbol.asyncIterator]: () => this.#packets(capture, signal) };
    return capture;
  }

  async *#packets(capture: { lost: number }, signal: AbortSignal): AsyncGenerator<CapturedPacket> {
    try {
      for (const one of this.#seen) {
        if (typeof one === 'number') capture.lost += one;
        else yield one;
      }
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
    } finally {
      this.isCapturing = false;
    }
  }
}

/** The API of a node that sees these packets. */
async function open(t: ExecutionContext, seen: readonly (CapturedPacket | number)[] = []) {
  const directory = await mkdtemp(join(tmpdir(), 'weir-capture-'));
  const path = join(directory, 'admin.sock');
  const auditLog = join(directory, 'audit.log');
  const plane = new CapturingPlane(seen);
  const dataplane = {
    capture: plane.capture.bind(plane),
    attachments: () => [],
    trace: () => Promise.reject(new Error('nothing is traced here')),
  };
  const server = await AdminServer.open(
    { socket: { path, mode: 0o600 }, listen: [], roles: [], auditLog },
    [traceService({ dataplane, config: () => ({ node: { interfaces: [] }, services: [] }) as unknown as NodeConfig })],
    { logger },
  );
  const client = new TraceClient(`unix:${path}`, credentials.createInsecure());
  t.teardown(async () => {
    client.close();
    await server[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });
  const audited = async () =>
    (await readFile(auditLog, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  const capture = (request: Partial<CapturePacketsRequest> = {}) => client.capturePackets({ ...anyPacket, ...request });
  return { plane, capture, audited };
}

type Stream = ClientReadableStream<CapturePacketsResponse>;

/** So many events; then the stream is left. */
async function eventsOf(stream: Stream, count: number): Promise<CapturePacketsResponse['event'][]> {
  const events: CapturePacketsResponse['event'][] = [];
  stream.on('error', () => {});
  for await (const { event } of stream as AsyncIterable<CapturePacketsResponse>) {
    if (events.push(event) === count) break;
  }
  stream.cancel();
  return events;
}

const errorOf = (stream: Stream) =>
  new Promise<ServiceError>((resolve) => stream.on('data', () => {}).once('error', resolve));

test('packets are told with what became of them, and between them how many more were lost since', async (t) => {
  const { plane, capture } = await open(t, [denied, 3, 4, passed, 5, passed]);
  const events = await eventsOf(capture({ vip: '198.51.100.1', client: '203.0.113.0/24', snapLength: 64 }), 5);

  const packet = {
    timeNs: denied.timestampNs,
    interface: `#${IFINDEX}`,
    verdict: 'passed',
    dropReason: '',
    data: Buffer.of(1, 2, 3),
    originalLength: 60,
  };
  t.deepEqual(events, [
    { $case: 'packet', value: { ...packet, verdict: 'dropped', dropReason: 'denied' } },
    { $case: 'missed', value: 7n },
    { $case: 'packet', value: packet },
    { $case: 'missed', value: 5n },
    { $case: 'packet', value: packet },
  ]);
  t.deepEqual(plane.asked, {
    filter: { vip: '198.51.100.1', client: '203.0.113.0/24' },
    limits: { packetsPerSecond: 1000, snapLengthBytes: 64 },
  });
});

test('each wrong value is named with its field, and nothing is captured', async (t) => {
  const { plane, capture, audited } = await open(t);
  const wrong = { vip: 'web', client: '10.0.0.0/33', dropReason: 'bored', packetsPerSecond: 100_001, snapLength: 2049 };
  const error = await errorOf(capture(wrong));

  t.is(error.code, status.INVALID_ARGUMENT);
  t.deepEqual(
    decodeDetails(error.metadata).fieldViolations.map(({ field }) => field),
    ['vip', 'client', 'drop_reason', 'packets_per_second', 'snap_length'],
  );
  t.is(plane.asked, undefined);
  t.like((await audited())[0], { outcome: 'INVALID_ARGUMENT', request: { vip: 'web' } });
});

test('a second capture is refused while one goes on, and not after its caller has left', async (t) => {
  const { plane, capture } = await open(t, [denied]);
  const first = capture();
  await new Promise((resolve) => first.once('data', resolve));

  const error = await errorOf(capture());
  t.is(error.code, status.FAILED_PRECONDITION);
  t.is(error.details, 'another capture is under way on this node');
  t.is(decodeDetails(error.metadata).reason, 'CAPTURE_REFUSED');

  first.on('error', () => {});
  first.cancel();
  await eventually('the first capture to end', async () => (plane.isCapturing ? undefined : true));
  t.is((await eventsOf(capture(), 1)).length, 1);
});

test('a capture is audited when it begins, with what it looks for', async (t) => {
  const { capture, audited } = await open(t, [denied]);
  await eventsOf(capture({ client: '203.0.113.7', dropReason: 'denied' }), 1);

  const [begun] = await audited();
  t.like(begun, {
    method: '/weir.admin.v1.Trace/CapturePackets',
    outcome: 'OK',
    target: 'packets client=203.0.113.7 dropReason=denied',
  });
});
