import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Path, Scale } from './contender.js';
import { bracketed, startRival } from './rival-lab.js';

const MODULE = '/usr/lib/nginx/modules/ngx_stream_module.so';

/** nginx as a TCP proxy (https://nginx.org/en/docs/stream/ngx_stream_core_module.html). */
export async function startNginxStream(scale: Scale): Promise<Path> {
  return await startRival(scale, async ({ nodes, vip, backends }) => {
    for (const node of nodes) {
      await node.output('ip', ['address', 'add', vip, 'dev', 'lo']);
      const directory = join(node.directory, `${node.name}-nginx-stream`);
      await mkdir(directory, { recursive: true });
      const file = join(directory, 'nginx.conf');
      await writeFile(file, nginxStreamConfiguration({ directory, vip, backends, workers: scale.workers }));
      const nginx = node.spawn('nginx', ['-p', directory, '-e', 'stderr', '-c', file], { name: 'nginx-stream' });
      await nginx.waitForListening(80);
    }
    return `nginx stream: ${scale.workers} worker a node, reuseport, backlog 4096, no logs`;
  });
}

/** The configuration of a node. */
export function nginxStreamConfiguration(options: {
  readonly directory: string;
  readonly vip: string;
  readonly backends: readonly string[];
  readonly workers: number;
}): string {
  return `load_module ${MODULE};
daemon off;
user root;
worker_processes ${options.workers};
pid ${options.directory}/nginx.pid;
error_log stderr crit;
events {
  worker_connections 8192;
  multi_accept on;
}
stream {
  access_log off;
  upstream backends {
    zone backends 64k;
${options.backends.map((address) => `    server ${bracketed(address)}:80 max_fails=0;`).join('\n')}
  }
  server {
    listen ${bracketed(options.vip)}:80 reuseport backlog=4096;
    proxy_pass backends;
  }
}
`;
}
