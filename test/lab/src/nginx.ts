import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeBulkFile } from './bulk-file.js';
import type { LabHost } from './lab-host.js';
import type { LabProcess } from './lab-process.js';
import type { Deadline } from './wait-until.js';

/** What an nginx serves. */
export interface NginxOptions {
  /** What the page calls this backend. Default: the name of the host. */
  readonly backendName?: string;
  /** Ports on all IPv4 and IPv6 addresses, VIPs that come later included. Default 80 alone. */
  readonly ports?: readonly number[];
  /** Whether `/bulk/100M` is there: `BULK_FILE_BYTES` bytes with `BULK_FILE_SHA256`. Default false, as it takes 0.2 s. */
  readonly bulk?: boolean;
  /** Default 1. */
  readonly workers?: number;
}

/** Answer of any other path, as JSON: who answers, and which addresses it sees. */
export interface BackendPage {
  readonly backend: string;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly serverAddress: string;
}

/** The configuration of nginx: https://nginx.org/en/docs/dirindex.html */
export function nginxConfiguration(directory: string, bulkRoot: string, options: Required<NginxOptions>): string {
  const page = `{"backend":"${options.backendName}","remoteAddress":"$remote_addr","remotePort":$remote_port,"serverAddress":"$server_addr"}`;
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `daemon off;
user root;
worker_processes ${options.workers};
pid ${directory}/nginx.pid;
error_log stderr warn;
events { worker_connections 16384; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_timeout 75s;
  keepalive_requests 1000000000;
  server_tokens off;
${temporary.map((kind) => `  ${kind}_temp_path ${directory}/${kind};`).join('\n')}
  server {
${options.ports.map((port) => `    listen 0.0.0.0:${port} backlog=4096;\n    listen [::]:${port} ipv6only=on backlog=4096;`).join('\n')}
    location / {
      default_type application/json;
      return 200 '${page}\\n';
    }
    location /bulk/ {
      default_type application/octet-stream;
      root ${bulkRoot};
    }
  }
}
`;
}

/**
 * Starts nginx in a host and returns when it listens.
 *
 * @throws LabError `LAB_PROGRAM_MISSING`; `LAB_PROCESS_ENDED` with what nginx said, when a port is taken for instance
 */
export async function startNginx(
  host: LabHost,
  options: NginxOptions = {},
  deadline: Deadline = {},
): Promise<LabProcess> {
  const { backendName = host.name, ports = [80], bulk = false, workers = 1 } = options;
  const directory = join(host.directory, `${host.name}-nginx`);
  const bulkRoot = join(host.directory, 'www');
  await Promise.all([directory, join(bulkRoot, 'bulk')].map((path) => mkdir(path, { recursive: true })));
  if (bulk) await writeBulkFile(join(bulkRoot, 'bulk', '100M'));
  const configuration = join(directory, 'nginx.conf');
  await writeFile(configuration, nginxConfiguration(directory, bulkRoot, { backendName, ports, bulk, workers }));
  const nginx = host.spawn('nginx', ['-p', directory, '-e', 'stderr', '-c', configuration]);
  for (const port of ports) await nginx.waitForListening(port, deadline);
  return nginx;
}
