import { type ProbeCase, ProbePathLab, probedMethods } from './probe-path-lab.js';
import { testAsRoot } from './test-as-root.js';

for (const method of Object.keys(probedMethods) as (keyof typeof probedMethods)[]) {
  testAsRoot(`a mark leads a connection to its backend by ${method}, across all families`, async (t) => {
    await using lab = await ProbePathLab.start();
    const cases = lab.cases(method);
    await lab.holdPath(cases);
    for (const probed of cases) t.is(await lab.probe(probed), expected(lab, probed), probed.name);
  });
}

function expected({ cluster }: ProbePathLab, { backend, route }: ProbeCase): string {
  const [node] = cluster.nodes;
  return `${backend} saw ${route.vip.includes(':') ? node?.ipv6 : node?.ipv4}`;
}
