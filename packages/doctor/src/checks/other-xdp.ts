import type { Check } from '../check.js';
import type { Finding } from '../finding.js';
import { linkOf } from '../interfaces.js';
import { interfacesOf, usesXdp } from '../subject.js';

/** Names of Weir's programs begin so: weir.bpf.c, capture.bpf.c, decap.bpf.c. */
const own = { node: /^weir/, backend: /^decap/ } as const;

/** Is the place of Weir's program taken? */
export const otherXdp: Check = {
  name: 'other-xdp',
  looksAt: "XDP programs on the interfaces that are not Weir's: there is room for one",
  symptom: 'the daemon ends with 69 (XDP_BUSY)',
  cure: 'end what attached it, or take it off: `ip link set dev eth0 xdp off`',
  roles: ['node', 'backend'],
  async examine(subject, host) {
    if (!usesXdp(subject)) return [{ verdict: 'skipped', found: 'no XDP program is wanted here' }];
    const findings = interfacesOf(subject).map(async (name): Promise<readonly Finding[]> => {
      const link = await linkOf(host, name);
      if (link === undefined) return [];
      if (link.xdp === undefined) return [{ verdict: 'ok', about: name, found: 'no program' }];
      const { id = 0, name: program = 'without a name' } = link.xdp.prog ?? {};
      const found = `program ${program} (id ${id})`;
      if (own[subject.role].test(program)) return [{ verdict: 'ok', about: name, found }];
      return [
        {
          verdict: 'fault',
          about: name,
          found: `${found} is not Weir's`,
          wanted: "no program, or Weir's",
          cure: `end what attached it ("bpftool prog show id ${id}", "bpftool link"), or take it off`,
          commands: [`ip link set dev ${name} xdp off`],
        },
      ];
    });
    return (await Promise.all(findings)).flat();
  },
};
