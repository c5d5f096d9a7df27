import { standardCluster, type WeirNode } from '@weir/lab';
import { macOf, runScapy } from './scapy.js';
import { assertUnharmed, goOn, SharingCluster, servicesOfMethod } from './sharing-cluster.js';
import { testAsRoot } from './test-as-root.js';

const FLOOD_SECONDS = 8;
const MEMORY_GROWTH_MAX_KIB = 150 * 1024;

const { vip } = standardCluster();

testAsRoot(
  'a flood of ACKs of connections that nobody has harms none that is there, and its cost is bounded',
  async (t) => {
    await using sharing = await SharingCluster.start({
      nodes: 1,
      backends: 2,
      services: servicesOfMethod('fullnat'),
      decap: undefined,
    });
    const { weir } = sharing;
    const [node] = weir.nodes as [WeirNode];
    const connections = await sharing.open({ address: vip.ipv4, count: 200 });
    await sharing.waitForShared(200);
    const residentKib = async () =>
      Number(/VmRSS:\s+(\d+)/.exec(await node.host.output('cat', [`/proc/${node.process.pid}/status`]))?.[1]);
    const before = await residentKib();
    const mac = await macOf(node.host, 'lan');
    await connections.mark();
    const flood = runScapy(
      weir.lab.host('router'),
      `
import random, struct
tcp = TCP(sport=0, dport=0, flags='A', seq=0xffff, ack=0xffff)
frame = bytearray(raw(Ether(dst='${mac}') / IP(src='203.0.0.1', dst='${vip.ipv4}') / tcp))
out = wire('lan')
end = time.time() + ${FLOOD_SECONDS}
sent = 0
while time.time() < end:
    for _ in range(1000):
        ports = random.getrandbits(32)
        source, destination = ports >> 16, ports & 0xffff
        # What a port adds to the checksum, the low half of seq or ack takes off.
        struct.pack_into('!HHHHHH', frame, 34, source, destination, 0, 0xffff - source, 0, 0xffff - destination)
        try:
            out.send(frame)
            sent += 1
        except OSError:
            pass
print(sent)
`,
    );
    let isFlooded = true;
    const sent = flood.finally(() => {
      isFlooded = false;
    });
    while (isFlooded) await goOn([connections]);
    t.log(`${Math.round(Number(await sent) / FLOOD_SECONDS)} ACKs per second`);
    await assertUnharmed(t, sharing, { all: [connections], count: 200, event: 'a flood' });
    const growth = (await residentKib()) - before;
    t.true(growth < MEMORY_GROWTH_MAX_KIB, `lb-node grew by ${growth} KiB`);
    const { drops } = await node.counters();
    t.log(`drops ${JSON.stringify(drops)}`);
    t.true((drops.takeover_rate ?? 0) > 0, 'what was over the rate was counted');
    await connections.close();
  },
);
