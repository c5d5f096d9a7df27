import { BULK_FILE_SHA256 } from './bulk-file.js';
import { Lab } from './lab.js';
import { testAsRoot } from './needs-root.js';
import { startNginx } from './nginx.js';
import { pair } from './pair-topology.fixture.js';

testAsRoot('nginx says which backend answered whom over IPv4 and IPv6', async (t) => {
  await using lab = await Lab.start(pair);
  await startNginx(lab.host('right'));
  const get = async (url: string) => JSON.parse(await lab.host('left').output('curl', ['-sS', '-g', url]));
  t.like(await get('http://10.9.0.2/'), { backend: 'right', remoteAddress: '10.9.0.1', serverAddress: '10.9.0.2' });
  t.like(await get('http://[fd00:9::2]/any'), {
    backend: 'right',
    remoteAddress: 'fd00:9::1',
    serverAddress: 'fd00:9::2',
  });
});

testAsRoot('the bulk file arrives with the SHA-256 that it is known to have', async (t) => {
  await using lab = await Lab.start(pair);
  await startNginx(lab.host('right'), { bulk: true });
  const sum = await lab.host('left').output('sh', ['-c', 'curl -sS http://10.9.0.2/bulk/100M | sha256sum']);
  t.is(sum.split(' ')[0], BULK_FILE_SHA256);
});

testAsRoot('an nginx whose port is taken says so', async (t) => {
  await using lab = await Lab.start(pair);
  await startNginx(lab.host('right'));
  const second = lab.host('right').spawn('nginx', ['-c', `${lab.directory}/right-nginx/nginx.conf`, '-e', 'stderr']);
  t.regex(await second.waitForLine(/in use/), /bind\(\) to 0\.0\.0\.0:80 failed \(98: Address already in use\)/);
});
