import type { Etcd3 } from 'etcd3';

/**
 * Prolongs a lease once.
 * @returns for how long it is alive from now, in ms; 0: it had expired
 * @throws what etcd or the connection says; that there was no answer in time
 */
export async function keepAlive(client: Etcd3, lease: string, timeoutMs: number): Promise<number> {
  const stream = await client.leaseClient.leaseKeepAlive();
  return new Promise((resolve, reject) => {
    const silence = setTimeout(() => fail(new Error(`no answer in ${timeoutMs} ms`)), timeoutMs);
    const fail = (error: Error) => {
      clearTimeout(silence);
      reject(error);
      stream.cancel();
    };
    // Stays after the answer: cancelling is an error to gRPC.
    stream.on('error', fail);
    stream.on('end', () => fail(new Error('the member ended the connection')));
    stream.on('data', ({ TTL }) => {
      clearTimeout(silence);
      resolve(Number(TTL) * 1000);
      stream.cancel();
    });
    stream.write({ ID: lease });
  });
}
