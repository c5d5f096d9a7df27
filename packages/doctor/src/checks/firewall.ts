import type { Check } from '../check.js';
import type { Finding } from '../finding.js';
import { jsonAnswer } from '../json-answer.js';

interface ChainsAnswer {
  readonly nftables: readonly { readonly chain?: Chain }[];
}

interface Chain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly hook?: string;
  readonly policy?: string;
}

/** Does a firewall drop what nobody named? */
export const firewall: Check = {
  name: 'firewall',
  looksAt: 'nftables chains at input and forward whose policy is drop',
  symptom:
    'BGP stays in `active`, backends get no packets out of tunnels, answers of nat do not come back; `nft list ruleset` counts drops',
  cure: 'let pass: TCP 179 from routers; on backends UDP 6080 (gue), 19523 (second chance), IP protocols 4, 41 and 47 from nodes; on nodes UDP of `nodes.port`. What XDP forwards comes past no firewall',
  roles: ['node', 'backend'],
  async examine(_, host) {
    const { nftables } = await jsonAnswer<ChainsAnswer>(host, 'nft', ['--json', 'list', 'chains']);
    const dropping = nftables.flatMap(({ chain }) =>
      chain?.policy === 'drop' && (chain.hook === 'input' || chain.hook === 'forward') ? [chain] : [],
    );
    if (dropping.length === 0) return [{ verdict: 'ok', found: 'no chain of nftables drops by default' }];
    return dropping.map(
      ({ family, table, name, hook }): Finding => ({
        verdict: 'warning',
        about: `${family} ${table} ${name}`,
        found: `the policy at ${hook} is drop`,
        wanted: 'rules that let pass what Weir needs',
        cure: `see what it lets pass: nft list chain ${family} ${table} ${name}; docs/doctor.md lists what it should`,
      }),
    );
  },
};
