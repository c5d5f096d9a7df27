import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@weir/errors/test-support';
import anyTest, { type TestFn } from 'ava';
import { KubernetesApiServer } from '../test-support/kubernetes-api-server.js';
import { makeTlsFiles, type TlsFiles } from '../test-support/tls-files.js';
import { connectApi } from './api-connection.js';
import { servicesOf } from './api-resources.js';
import { followResource } from './follow-resource.js';

const test = anyTest as TestFn<{ directory: string; tls: TlsFiles }>;

test.before(async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'weir-follow-'));
  t.context = { directory, tls: await makeTlsFiles(directory) };
});
test.after.always((t) => rmSync(t.context.directory, { recursive: true }));

/** Follows the Services of a server; tells what it was told, and how often there was trouble. */
async function following(server: KubernetesApiServer, directory: string) {
  const kubeconfig = join(directory, 'kubeconfig');
  await server.writeKubeconfig(kubeconfig);
  const api = connectApi({ kubeconfig });
  const end = new AbortController();
  const told: string[] = [];
  const nameOf = (object: unknown) => (object as { readonly metadata: { readonly name: string } }).metadata.name;
  const ended = followResource(
    api,
    servicesOf(api, undefined),
    {
      onList: (objects) => told.push(`list ${objects.map(nameOf).join(' ')}`),
      onChanged: (object) => told.push(`changed ${nameOf(object)}`),
      onDeleted: (object) => told.push(`deleted ${nameOf(object)}`),
      onTrouble: () => told.push('trouble'),
      onWatched: () => told.push('watched'),
    },
    end.signal,
  );
  return { told, end, ended };
}

const watches = (server: KubernetesApiServer) => server.asked.get('GET services watch') ?? 0;

test.serial('a watch that is taken and never answered ends when nobody wants it any more', async (t) => {
  await using server = await KubernetesApiServer.start(t.context);
  server.isSilent = true;
  const { end, ended, told } = await following(server, t.context.directory);
  await eventually('a watch', () => watches(server) > 0);
  end.abort();
  await ended;
  t.deepEqual(told, ['list ']);
});

test.serial('a watch that breaks goes on from what was told last, without a list', async (t) => {
  await using server = await KubernetesApiServer.start(t.context);
  const { end, ended, told } = await following(server, t.context.directory);
  await eventually('a watch', () => watches(server) === 1);
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) {
    server.putService(name);
    await eventually(`the change of ${name}`, () => told.includes(`changed ${name}`));
    server.dropConnections();
  }
  server.store.delete('services', 'shop', 'a');
  await eventually('what changed meanwhile', () => told.includes('deleted a'));
  end.abort();
  await ended;
  t.is(server.asked.get('GET services'), 1);
  t.is(told.filter((what) => what.startsWith('changed')).length, 7, 'each once');
});

test.serial('what the server has forgotten is listed again, and is no trouble', async (t) => {
  await using server = await KubernetesApiServer.start(t.context);
  const { end, ended, told } = await following(server, t.context.directory);
  await eventually('a watch', () => watches(server) === 1);
  await server.pause();
  server.putService('a');
  server.store.forget();
  await server.resume();
  await eventually('a list', () => told.includes('list a'));
  await eventually('a watch that lasts', () => told.at(-1) === 'watched');
  end.abort();
  await ended;
  t.pass();
});
