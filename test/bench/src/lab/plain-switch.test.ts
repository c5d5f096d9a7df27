import { standardCluster } from '@weir/lab';
import test from 'ava';
import { withPlainSwitch } from './plain-switch.js';

test('a plain switch has a program on none of its ports, and all else stays', (t) => {
  const { topology } = standardCluster({ nodes: 2, backends: 2 });
  const plain = withPlainSwitch(topology);
  const ends = plain.links.flatMap(({ to }) => ('switch' in to ? [to] : []));
  t.deepEqual(
    ends.map(({ passProgram }) => passProgram),
    [false, false, false, false, false],
  );
  t.deepEqual(
    { ...plain, links: plain.links.map(({ from }) => from) },
    { ...topology, links: topology.links.map(({ from }) => from) },
  );
});
