import type { Lab, LabProcess } from '@weir/lab';

/**
 * A director that knows nothing of flows: each packet from `uplink` for a VIP goes to the first of its members, in GUE as GLB's
 * director writes it, the others in the list of hops (type 0 over IPv4, 1 over IPv6). A UDP socket makes the outer headers.
 */
const DIRECTOR = `
import json, socket, struct, sys
SO_NO_CHECK = 11
choices = json.loads(sys.argv[1])
senders = {4: socket.socket(socket.AF_INET, socket.SOCK_DGRAM), 6: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)}
senders[4].setsockopt(socket.SOL_SOCKET, SO_NO_CHECK, 1)
family = lambda address: 6 if ':' in address else 4
packed = lambda address: socket.inet_pton(socket.AF_INET6 if family(address) == 6 else socket.AF_INET, address)
def plan(vip, members):
    outer = family(members[0])
    hops = b''.join(map(packed, members[1:]))
    header = struct.pack('!BBHHBB', 1 + len(hops) // 4, 41 if family(vip) == 6 else 4, 0, outer == 6, 0, len(members) - 1)
    return senders[outer], header + hops, (members[0], 19523)
plans = {packed(vip): plan(vip, members) for vip, members in choices.items()}
uplink = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
uplink.bind(('uplink', 3))
print('ready', flush=True)
while True:
    packet, (_, _, kind, *_) = uplink.recvfrom(65536)
    if kind == 4: continue # what leaves
    found = plans.get(packet[24:40] if packet[0] >> 4 == 6 else packet[16:20])
    if found: found[0].sendto(found[1] + packet, found[2])
`;

/** Starts one on a host; resolves when it forwards. `choices`: the members of each VIP, the first choice first. */
export async function startDirector(
  lab: Lab,
  hostName: string,
  choices: Readonly<Record<string, readonly string[]>>,
): Promise<LabProcess> {
  const director = lab
    .host(hostName)
    .spawn('/usr/bin/python3', ['-c', DIRECTOR, JSON.stringify(choices)], { name: 'director' });
  await director.waitForLine(/ready/);
  return director;
}
