import type { LabHost } from '@weir/lab';
import type { ProbeCase } from './probe-path-lab.js';
import { runScapy } from './scapy.js';

/** Bytes between outer and inner IP header: nothing, GRE, UDP and GUE, UDP, UDP and GUE with a list of no hops. */
const shimBytes: Readonly<Record<string, number>> = { dr: 0, ipip: 0, gre: 4, gue: 12, none: 8, hops: 16 };

/** What was seen of a probe: its outer headers in words, and what is wrong with any packet of it. */
export interface SeenProbe {
  readonly name: string;
  /** `source > destination protocol port`, of the first packet; of dr: of the packet itself. */
  readonly outer: string;
  readonly wrong: readonly string[];
}

/**
 * Makes probes that send more than a packet holds, from a host whose link `lan` gets whole packets, and looks at what leaves:
 * lengths and checksums, outside and inside.
 */
export async function seeProbePackets(host: LabHost, cases: readonly ProbeCase[]): Promise<SeenProbe[]> {
  const probes = cases.map(({ name, route: { vip, mark, backend, forwarding } }) => ({
    name,
    vip,
    mark,
    tunnel: forwarding.method !== 'dr',
    headBytes:
      (backend.includes(':') ? 40 : 20) +
      (shimBytes[forwarding.method === 'gue' ? forwarding.header : forwarding.method] as number),
  }));
  const program = `
import json

def rebuilt(packet):
    copy = packet.copy()
    for layer in (IP, TCP):
        if layer in copy: del copy[layer].chksum
    return bytes(copy)

def parsed(data):
    return (IP if data[0] >> 4 == 4 else IPv6)(data)

def faults(data, probe):
    outer = parsed(data)
    if probe['tunnel']:
        head = data[:probe['headBytes']]
        outer = parsed(head)
        said = outer.len if isinstance(outer, IP) else outer.plen + 40
        if said != len(data): yield 'outer length %d of %d bytes' % (said, len(data))
        if isinstance(outer, IP) and outer.chksum != IP(rebuilt(IP(head[:20]))).chksum: yield 'outer checksum'
        data = data[probe['headBytes']:]
    inner = parsed(data)
    said = inner.len if isinstance(inner, IP) else inner.plen + 40
    if said != len(data): yield 'length %d of %d bytes' % (said, len(data))
    if TCP not in inner: yield 'no TCP: ' + inner.summary()
    elif rebuilt(inner) != data: yield 'checksum of ' + inner.summary()

# Of the kernel's own accord: the hop-by-hop header of MLD, ICMP, IGMP and ICMPv6.
OWN = (0, 1, 2, 58)

def see(probe):
    seen = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    seen.bind(('lan', ETH_P_ALL))
    seen.setblocking(False)
    client = socket.socket(socket.AF_INET6 if ':' in probe['vip'] else socket.AF_INET)
    client.setsockopt(socket.SOL_SOCKET, 36, probe['mark'])
    client.settimeout(5)
    client.connect((probe['vip'], 80))
    client.sendall(b'POST / HTTP/1.0\\r\\nContent-Length: 20000\\r\\n\\r\\n' + b'x' * 20000)
    while client.recv(65536): pass
    outer, wrong = None, []
    while True:
        try: frame, (_, _, kind, *_) = seen.recvfrom(65536)
        except BlockingIOError: break
        if kind != socket.PACKET_OUTGOING or frame[12:14] not in (b'\\x08\\x00', b'\\x86\\xdd'): continue
        packet = parsed(frame[14:])
        protocol = packet.proto if isinstance(packet, IP) else packet.nh
        if protocol in OWN: continue
        if outer is None:
            port = packet[UDP].dport if UDP in packet else 0
            outer = '%s > %s %d %d' % (packet.src, packet.dst, protocol, port)
        wrong += faults(frame[14:], probe)
    return { 'name': probe['name'], 'outer': outer, 'wrong': wrong }

print(json.dumps([see(probe) for probe in json.loads(${JSON.stringify(JSON.stringify(probes))})]))
`;
  return JSON.parse(await runScapy(host, program)) as SeenProbe[];
}
