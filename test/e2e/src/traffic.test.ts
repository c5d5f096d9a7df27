import { BULK_FILE_SHA256, WeirCluster } from '@weir/lab';
import test from 'ava';
import { macOf, runScapy } from './scapy.js';
import { testAsRoot } from './test-as-root.js';

let weir: WeirCluster;

test.before(async () => {
  if (process.getuid?.() === 0) weir = await WeirCluster.start({ nodes: 3, backends: 3, bulk: true });
});
test.after.always(async () => weir?.[Symbol.asyncDispose]());

const families = ['ipv4', 'ipv6'] as const;

for (const family of families) {
  testAsRoot(`requests to the ${family} VIP spread over three nodes and three backends, and none fails`, async (t) => {
    const vip = weir.cluster.vip[family];
    const result = await weir.request({ url: weir.url(vip), requestsPerSecond: 200, requests: 300 });
    t.is(result.failed, 0);
    t.is(result.requests, 300);
    t.is(Object.keys(result.backends).length, 3);
    for (const node of weir.nodes) {
      const service = (await node.counters()).services.find((candidate) => candidate.vip === vip);
      t.true((service?.packets ?? 0) > 0, `${node.host.name} forwarded`);
      t.is(
        service?.backends.reduce((sum, { packets }) => sum + packets, 0),
        service?.packets,
      );
    }
  });

  testAsRoot(`a download of 100 MB from the ${family} VIP arrives intact`, async (t) => {
    const url = weir.url(weir.cluster.vip[family], '/bulk/100M');
    const sum = await weir.lab
      .host('client')
      .output('bash', ['-c', `curl -sg '${url}' | sha256sum`], { timeoutMs: 60_000 });
    t.is(sum.split(' ')[0], BULK_FILE_SHA256);
  });

  testAsRoot(`a packet of 1,500 bytes from a client reaches the backend of the ${family} VIP`, async (t) => {
    const vip = weir.cluster.vip[family];
    // The first 1,500-byte packet that each backend's kernel gets, after decapsulation: by the length in its IP header.
    const full = family === 'ipv4' ? 'ip[2:2] = 1500' : 'ip6[4:2] = 1460';
    const captures = weir.cluster.backends.map(({ name }) =>
      weir.lab
        .host(name)
        .spawn('tcpdump', ['-nlc1', '-i', 'lan', `dst host ${vip} and ${full}`], { name: `tcpdump-${family}` }),
    );
    for (const capture of captures) await capture.waitForLine(/listening on/);
    const upload = `head -c 1000000 /dev/zero | curl -sg --data-binary @- -o /dev/null -w '%{http_code} %{size_upload}' '${weir.url(vip)}'`;
    t.is(await weir.lab.host('client').output('bash', ['-c', upload]), '200 1000000');
    const seen = await Promise.any(captures.map((capture) => capture.waitForLine(/length 14\d\d/)));
    t.regex(seen, new RegExp(`> ${vip.replaceAll('.', '\\.')}\\.80:`));
    for (const capture of captures) await capture.stop('SIGINT');
  });
}

testAsRoot('the router has each VIP by all nodes, over both families', async (t) => {
  for (const family of families) t.is(await weir.routesTo(weir.cluster.vip[family]), 3);
});

testAsRoot('a port of a VIP that is no service is refused, and does not circle between router and nodes', async (t) => {
  const { code, stderr } = await weir.lab
    .host('client')
    .run('curl', ['-sS', '-m', '5', `http://${weir.cluster.vip.ipv4}:81/`]);
  t.is(code, 7, stderr);
  t.regex(stderr, /No route to host|Connection refused|Failed to connect/);
});

testAsRoot('malformed packets from the wire are counted by reason and harm nobody', async (t) => {
  const node = weir.nodes[0];
  if (node === undefined) return t.fail();
  const before = (await node.counters()).drops;
  const { ipv4 } = weir.cluster.vip;
  // 201 packets: a third cut short, a third with a wrong header length, a third later fragments of packets nobody saw.
  const script = `
to = Ether(dst='${await macOf(node.host, 'lan')}')
syn = IP(src='192.0.2.2', dst='${ipv4}') / TCP(dport=80, flags='S')
cut = raw(to / syn)[:-8]
wrong = bytearray(raw(to / syn))
wrong[14] = 0x44
part = raw(to / IP(src='192.0.2.2', dst='${ipv4}', frag=100, proto=6) / (b'x' * 8))
out = wire('lan')
for _ in range(67):
    for frame in (cut, bytes(wrong), part):
        out.send(frame)
`;
  await runScapy(weir.lab.host('router'), script);
  const after = (await node.counters()).drops;
  t.is((after.malformed_ipv4 ?? 0) - (before.malformed_ipv4 ?? 0), 67);
  t.is((after.fragment_unknown ?? 0) - (before.fragment_unknown ?? 0), 67);
  t.is((after.truncated_ipv4 ?? 0) - (before.truncated_ipv4 ?? 0), 67);
  const result = await weir.request({ url: weir.url(ipv4), requestsPerSecond: 100, requests: 50 });
  t.is(result.failed, 0);
});
