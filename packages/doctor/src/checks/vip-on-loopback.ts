import { canonicalAddress } from '../canonical-address.js';
import type { Check } from '../check.js';
import type { Finding } from '../finding.js';
import { jsonAnswer } from '../json-answer.js';

interface AddressAnswer {
  readonly addr_info: readonly AddressView[];
}

interface AddressView {
  readonly local: string;
  readonly tentative?: boolean;
  readonly dadfailed?: boolean;
}

/** Does a backend take packets for its VIPs? */
export const vipOnLoopback: Check = {
  name: 'vip-on-loopback',
  looksAt: 'that lo has every VIP of the backend, and no duplicate address detection has taken one out',
  symptom: 'packets for the VIP arrive at the backend, and it answers nothing, or forwards them',
  cure: 'run real-server with `--vip`, which adds them; by hand `ip address add 198.51.100.10/32 dev lo`, IPv6 with `/128` and `nodad`',
  roles: ['backend'],
  async examine(subject, host) {
    if (subject.role !== 'backend') return [];
    if (subject.vips.length === 0) return [{ verdict: 'skipped', found: 'no VIP is known: --vip names them' }];
    const [loopback] = await jsonAnswer<readonly AddressAnswer[]>(host, 'ip', [
      '-json',
      'address',
      'show',
      'dev',
      'lo',
    ]);
    const present = loopback?.addr_info ?? [];
    return subject.vips.map((vip) =>
      vipFinding(
        vip,
        present.find(({ local }) => local === canonicalAddress(vip)),
      ),
    );
  },
};

function vipFinding(vip: string, address: AddressView | undefined): Finding {
  const isIpv6 = vip.includes(':');
  const prefix = `${vip}/${isIpv6 ? 128 : 32}`;
  const add = `ip address add ${prefix} dev lo${isIpv6 ? ' nodad' : ''}`;
  if (address === undefined) {
    return {
      verdict: 'fault',
      about: vip,
      found: 'not on lo',
      wanted: `${prefix} on lo`,
      cure: 'start weir-real-server, which adds it; without the agent add it yourself',
      commands: ['ip link set dev lo up', add],
    };
  }
  if (address.dadfailed !== true && address.tentative !== true) return { verdict: 'ok', about: vip, found: 'on lo' };
  return {
    verdict: 'fault',
    about: vip,
    found: 'on lo, but duplicate address detection (RFC 4862) keeps it from being used',
    wanted: 'an address without detection: every backend has the same',
    cure: 'add it again with nodad',
    commands: [`ip address del ${prefix} dev lo`, add],
  };
}
