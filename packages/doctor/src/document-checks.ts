import type { Check } from './check.js';

const head = `# What weirctl doctor looks at

\`weirctl doctor\` looks at a host, says what is wrong and how to mend it, and changes nothing. Run it as root, on a node or on a backend:

\`\`\`sh not-run="test/deploy/src/doctor.test.ts runs weirctl doctor"
weirctl doctor                       # a node, by /etc/weir/weir.yaml
weirctl doctor --role backend        # a backend, by /etc/default/weir-real-server
weirctl doctor --only mtu etcd       # some of the checks
weirctl doctor -o json               # for programs
weirctl doctor --list                # the checks
\`\`\`

It ends with 0 where there is no fault, with 1 where there is one. A **fault** breaks traffic or keeps a daemon from starting; a **warning** may, or costs speed;
**skipped** could not be looked at, or does not matter there. Each fault comes with what to do; the commands with it change what is in force now: write what they
set to /etc/sysctl.d or the network's configuration as well, to keep it over a reboot.

The daemons look at some of it themselves when they start, and end with the same words: \`KERNEL_TOO_OLD\`, \`CAPABILITY_MISSING\` (77), \`MTU_TOO_SMALL\`,
\`NODE_ID_TAKEN\`, \`ETCD_UNREACHABLE\` (69). A node ends with \`MTU_TOO_SMALL\` only where no way to a backend takes packets of 1,280 bytes; a narrow way beside others
is a line in the log, \`mtu_too_small\`, and one that serves but is too narrow for packets of 1,500 bytes is \`mtu_small\`.

This page is written from packages/doctor, and a test holds it to the code.
`;

/** The page docs/doctor.md, in Markdown. */
export function documentChecks(checks: readonly Check[]): string {
  return `${[head, ...checks.map(sectionOf)].join('\n')}`;
}

function sectionOf({ name, looksAt, symptom, cure, roles }: Check): string {
  const where = roles.length === 2 ? 'nodes and backends' : `${roles.join('')}s`;
  return `## ${name}
On ${where}: ${looksAt}.

- Symptom: ${symptom}.
- Cure: ${cure}.
`;
}
