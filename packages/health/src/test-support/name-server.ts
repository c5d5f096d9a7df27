import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** Records of the name server. */
const records = [
  '--local=/test/',
  '--address=/www.test/192.0.2.80',
  '--address=/www.test/2001:db8::80',
  '--txt-record=txt.test,hello',
  '--srv-host=_http._tcp.test,www.test,80',
];

/** Starts dnsmasq on a port of all addresses, in the namespace of a process if one is given; returns when it listens. */
export async function startNameServer(port: number, pid?: number): Promise<ChildProcess> {
  const within = pid === undefined ? [] : ['nsenter', '-t', String(pid), '-n'];
  const options = ['--no-daemon', '--conf-file=/dev/null', '--no-resolv', '--no-hosts', `--port=${port}`, '--pid-file'];
  const [file, ...args] = [...within, 'dnsmasq', ...options, ...records];
  const server = spawn(file as string, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(server, 'exit').then(([code]) => Promise.reject(new Error(`dnsmasq ended with ${code}`)));
  const started = (async () => {
    for await (const line of createInterface(server.stderr)) if (line.includes('started')) return;
  })();
  await Promise.race([started, exited]);
  exited.catch(() => {});
  return server;
}
