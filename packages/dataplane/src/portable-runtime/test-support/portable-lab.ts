import { execFileSync } from 'node:child_process';
import { enterPrivateNamespaces, ip } from '../../test-support/private-namespaces.js';
import { PeerNamespace } from './peer-namespace.js';

export const vips = { 4: '198.51.100.10', 6: '2001:db8:100::10' } as const;
export const clients = { 4: '192.0.2.10', 6: '2001:db8:c::10' } as const;
export const backends = { 4: '10.0.0.21', 6: 'fd00::21' } as const;
export const locals = { 4: '10.0.0.111', 6: 'fd00::111' } as const;
export const sources = { ipv4: '10.0.0.11', ipv6: 'fd00::11' } as const;

/** A client, this process as node, and a backend; a link each. MAC addresses are those of test-support/frames.ts. */
export interface PortableLab extends AsyncDisposable {
  readonly client: PeerNamespace;
  readonly backend: PeerNamespace;
  /** Ethernet frames, as hex, that reach the backend with traffic class 0x2a. */
  readonly seenByBackend: AsyncIterator<string>;
  /** Sends a frame, hex, from the client. */
  send(frame: string): Promise<string>;
}

/** Answers each request with the address that it came from, as the server sees it; and datagrams with what they hold, from where they were sent to. */
const server = `
import http.server, socket, threading
class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_POST(self):
        self.rfile.read(int(self.headers['content-length']))
        self.do_GET()
    def do_GET(self):
        page = self.client_address[0].replace('::ffff:', '').encode()
        if self.path == '/large': page = b'x' * 3000000
        self.send_response(200)
        self.send_header('Content-Length', str(len(page)))
        self.end_headers()
        self.wfile.write(page)
    def log_message(self, *words): pass
class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
def echo():
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    s.bind(('::', 7))
    while True:
        data, ((level, kind, info),), _, peer = s.recvmsg(65535, 64)
        s.sendmsg([data], [(level, kind, info[:16] + bytes(4))], 0, peer)
for port in (80, 8080): threading.Thread(target=Server(('::', port), Page).serve_forever).start()
threading.Thread(target=echo).start()
print('ready')
`;

const capture = `
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
print('ready')
while True:
    f, a = s.recvfrom(65535)
    if a[2] != 4 and int.from_bytes(f[14:16], 'big') in [0x452a] + list(range(0x62a0, 0x62b0)): print(f.hex())
`;

export async function startPortableLab(): Promise<PortableLab> {
  enterPrivateNamespaces();
  const client = await PeerNamespace.make();
  const backend = await PeerNamespace.make();
  await link('eth0', 'client0', '02:00:00:00:00:01', client);
  await link('eth1', 'backend0', '02:00:00:00:00:aa', backend);
  ip('addr add 192.0.2.1/24 dev eth0');
  ip('addr add 2001:db8:c::1/64 dev eth0 nodad');
  ip('addr add 10.0.0.11/24 dev eth1');
  ip('addr add fd00::11/64 dev eth1 nodad');
  for (const [peer, name, family] of [
    [client, 'client0', clients],
    [backend, 'backend0', backends],
  ] as const) {
    peer.ip(`addr add ${family[4]}/24 dev ${name}`);
    peer.ip(`addr add ${family[6]}/64 dev ${name} nodad`);
  }
  client.ip('route add default via 192.0.2.1');
  client.ip('-6 route add default via 2001:db8:c::1');
  backend.ip('route add default via 10.0.0.11');
  backend.ip('-6 route add default via fd00::11');
  // A router, also of the answers of direct return; and as lb-node prepares a node, it answers for its local addresses.
  sysctl('net.ipv6.conf.all.forwarding=1', 'net.ipv4.ip_forward=1', 'net.ipv4.conf.all.rp_filter=0');
  for (const name of ['eth0', 'eth1']) {
    sysctl(`net.ipv4.conf.${name}.rp_filter=0`, `net.ipv6.conf.${name}.proxy_ndp=1`);
  }
  for (const address of Object.values(locals)) ip(`route add local ${address} dev lo table local`);
  ip(`-6 neigh add proxy ${locals[6]} dev eth1`);
  await backend.python(server);
  const seenByBackend = await backend.python(capture);
  const frameSender = (frame: string) =>
    `import socket; s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(("client0", 0)); s.send(bytes.fromhex("${frame}"))`;
  return {
    client,
    backend,
    seenByBackend,
    send: (frame) => client.output('python3', ['-c', frameSender(frame)]),
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await backend[Symbol.asyncDispose]();
    },
  };
}

/** A pair of links between this namespace and another; the near one has the address that frames to the node carry. */
async function link(name: string, peerName: string, peerMac: string, peer: PeerNamespace): Promise<void> {
  ip(`link add ${name} address 02:00:00:00:00:bb type veth peer name ${peerName} address ${peerMac} netns ${peer.pid}`);
  ip(`link set ${name} up`);
  peer.ip(`link set ${peerName} up`);
  while (ip(`-o link show ${name}`).includes('NO-CARRIER')) await new Promise((resolve) => setImmediate(resolve));
}

function sysctl(...settings: readonly string[]): void {
  execFileSync('sysctl', ['-qw', ...settings]);
}
