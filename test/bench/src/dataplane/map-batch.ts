import koffi from 'koffi';
import { BenchError } from '../bench-error.js';

/**
 * Writes the first elements of an array map with one system call (bpf_map_update_batch of libbpf).
 *
 * @param values  whole elements, one after another
 * @throws {BenchError} BENCH_SYSTEM_CALL_FAILED
 */
export function updateMapBatch(mapFd: number, values: Uint8Array, elementBytes: number): void {
  const updateBatch = koffi
    .load('libbpf.so.1')
    .func(
      'int bpf_map_update_batch(int fd, const void *keys, const void *values, _Inout_ uint32_t *count, const void *options)',
    );
  const elements = values.byteLength / elementBytes;
  const keys = Uint32Array.from({ length: elements }, (_, index) => index);
  const result = updateBatch(mapFd, keys, values, [elements], null) as number;
  if (result < 0) {
    throw new BenchError('BENCH_SYSTEM_CALL_FAILED', `bpf_map_update_batch of ${elements} elements: errno ${-result}`);
  }
}
