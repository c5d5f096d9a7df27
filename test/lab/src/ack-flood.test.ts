import { AckFlood } from './ack-flood.js';
import { Lab } from './lab.js';
import { testAsRoot } from './needs-root.js';
import { PacketCapture } from './packet-capture.js';
import { pair } from './pair-topology.fixture.js';

testAsRoot(
  'a flood of ACKs arrives from ever other ports, with right checksums, as fast as was asked for',
  async (t) => {
    await using lab = await Lab.start(pair);
    const [left, right] = [lab.host('left'), lab.host('right')];
    const [, mac = ''] = /link\/ether (\S+)/.exec(await right.output('ip', ['-o', 'link', 'show', 'lan'])) ?? [];
    const filter = 'tcp and tcp[tcpflags] == tcp-ack and src host 203.0.113.5';
    await using capture = await PacketCapture.start(right, { interface: 'lan', filter, flags: ['-vv', '-c', '1000'] });
    const to = { interface: 'lan', mac, source: '203.0.113.5', destination: '10.9.0.2' };
    await using flood = await AckFlood.start(left, { ...to, packetsPerSecond: 20_000 });
    await capture.waitFor(/1000 packets captured/);
    const { sent, perSecond } = await flood.stop();
    // Some are sent ahead.
    const sentMax = 20_000 * (sent / perSecond) + 5000;
    t.true(sent >= 1000 && sent <= sentMax, `${sent} sent, ${Math.round(perSecond)} a second`);
    const packets = capture.packets.filter((line) => line.includes('cksum'));
    const flows = new Set(
      packets.map((line) => /203\.0\.113\.5\.(\d+) > 10\.9\.0\.2\.(\d+)/.exec(line)?.slice(1).join()),
    );
    t.true(flows.size > 990, `${flows.size} flows of ${packets.length} packets`);
    t.deepEqual(
      packets.filter((line) => !line.includes('(correct)')),
      [],
    );
  },
);
