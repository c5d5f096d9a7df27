import type { Check } from '../check.js';
import type { Finding } from '../finding.js';
import type { Host } from '../host.js';
import { largerSetting, settingCommand } from '../interface-setting.js';
import { jsonAnswer } from '../json-answer.js';
import { interfacesOf, type Subject } from '../subject.js';

/** Values of rp_filter (RFC 3704; Documentation/networking/ip-sysctl.rst). */
const STRICT = 1;
const LOOSE = 2;
const names = ['off', 'strict', 'loose'] as const;

/** Does the kernel drop packets for coming by another way than it would answer by? */
export const reversePath: Check = {
  name: 'rp-filter',
  looksAt: 'net.ipv4.conf.*.rp_filter on interfaces where packets arrive that have their way back elsewhere',
  symptom: 'packets arrive (tcpdump shows them) and nobody answers; `nstat -az TcpExtIPReversePathFilter` grows',
  cure: "make it loose: `sysctl -w net/ipv4/conf/eth0/rp_filter=2`; the larger of the interface's value and that of `all` counts. Both daemons do so when they start",
  roles: ['node', 'backend'],
  async examine(subject, host) {
    const reason = whyNot(subject);
    if (reason !== undefined) return [{ verdict: 'skipped', found: reason }];
    return await Promise.all(interfacesOf(subject).map((name) => reversePathFinding(name, subject, host)));
  },
};

/** Why strict filtering does no harm here; undefined: it may. */
function whyNot(subject: Subject): string | undefined {
  if (subject.role === 'node') {
    const isTranslating = subject.services.some(({ method }) => method === 'nat' || method === 'fullnat');
    return isTranslating ? undefined : 'no service is of nat or fullnat: answers do not come back by this node';
  }
  if (interfacesOf(subject).length === 0) return 'no interface is known: --interface names it';
  return subject.vips.some((vip) => !vip.includes(':'))
    ? undefined
    : 'there is no IPv4 VIP, and IPv6 has no such filter';
}

async function reversePathFinding(name: string, subject: Subject, host: Host): Promise<Finding> {
  const value = await largerSetting(host, name, 'rp_filter');
  if (value === undefined) return { verdict: 'skipped', about: name, found: 'no such interface' };
  const found = `${value} (${names[value] ?? 'unknown'})`;
  if (value !== STRICT) return { verdict: 'ok', about: name, found };
  if (subject.role === 'backend' && (await hasDefaultRoute(name, host))) {
    return { verdict: 'ok', about: name, found: `${found}; the default route leads out by ${name}, so clients pass` };
  }
  return {
    verdict: 'fault',
    about: name,
    found,
    wanted: `${LOOSE} (loose) or 0 (off)`,
    cure: 'make it loose, and write it to /etc/sysctl.d; both daemons do so when they start',
    commands: [settingCommand('ipv4', name, 'rp_filter', LOOSE)],
  };
}

async function hasDefaultRoute(name: string, host: Host): Promise<boolean> {
  const args = ['-json', '-4', 'route', 'show', 'default'];
  const routes = await jsonAnswer<readonly { readonly dev?: string }[]>(host, 'ip', args);
  return routes.some(({ dev }) => dev === name);
}
