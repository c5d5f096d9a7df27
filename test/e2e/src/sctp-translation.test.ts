import { PacketCapture, twoArmCluster, WeirCluster } from '@weir/lab';
import { backendsOf, families } from './forwarding-cases.js';
import { macOf, runScapy } from './scapy.js';
import { testAsRoot } from './test-as-root.js';

testAsRoot('nat: SCTP reaches the backend, and its answer comes from the VIP, its checksum as it was', async (t) => {
  const cluster = twoArmCluster({ nodes: 1, backends: 1 });
  await using weir = await WeirCluster.start({
    cluster,
    decap: undefined,
    services: ({ vip, backends }) =>
      families.map((family) => ({
        name: family,
        vip: vip[family],
        protocol: 'sctp',
        port: 3868,
        method: 'nat',
        backends: backendsOf(backends, family),
      })),
  });
  const node = weir.lab.host('node1');
  const capture = (host: string, interfaceName: string) =>
    PacketCapture.start(weir.lab.host(host), {
      interface: interfaceName,
      filter: 'ip proto 132 or ip6 proto 132',
      flags: ['-v'],
    });
  await using atBackend = await capture('backend1', 'back');
  await using atClient = await capture('client', 'router');
  for (const family of families) {
    const [client, vip] = [cluster.client[family], cluster.vip[family]];
    const backend = cluster.backends[0]?.[family] ?? '';
    const packet = (source: string, destination: string, ports: string, chunk: string) =>
      `${family === 'ipv4' ? 'IP' : 'IPv6'}(src='${source}', dst='${destination}') / SCTP(${ports}) / ${chunk}`;
    const init = packet(client, vip, 'sport=4000, dport=3868', 'SCTPChunkInit()');
    const ack = packet(backend, client, 'sport=3868, dport=4000', 'SCTPChunkInitAck()');
    const sendOn = async (host: string, interfaceName: string, nodeInterface: string, layers: string) =>
      runScapy(
        weir.lab.host(host),
        `wire('${interfaceName}').send(raw(Ether(dst='${await macOf(node, nodeInterface)}') / ${layers}))`,
      );
    await sendOn('router', 'front', 'front', init);
    t.regex(await atBackend.waitFor(new RegExp(`${client}\\.4000 > ${backend}\\.3868`)), /sctp.*\[INIT\]/);
    await sendOn('backend1', 'back', 'back', ack);
    t.regex(await atClient.waitFor(new RegExp(`${vip}\\.3868 > ${client}\\.4000`)), /sctp.*\[INIT ACK\]/);
  }
});
