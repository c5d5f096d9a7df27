import type { Check } from '../check.js';
import type { Finding } from '../finding.js';
import type { Host } from '../host.js';
import { linkOf } from '../interfaces.js';
import { interfacesOf } from '../subject.js';

/** Are the interfaces there, and up? */
export const interfaceUp: Check = {
  name: 'interface',
  looksAt: 'that the interfaces of the configuration exist and are up',
  symptom: 'the daemon ends with 69 (INTERFACE_MISSING), or nothing arrives',
  cure: 'correct the name (`node.interfaces`, `real-server --interface`; see `ip link`), or bring the interface up: `ip link set dev eth0 up`',
  roles: ['node', 'backend'],
  async examine(subject, host) {
    const names = interfacesOf(subject);
    if (names.length === 0)
      return [{ verdict: 'skipped', found: 'no interface is known: --interface names that of a backend' }];
    return await Promise.all(names.map((name) => interfaceFinding(host, name)));
  },
};

async function interfaceFinding(host: Host, name: string): Promise<Finding> {
  const link = await linkOf(host, name);
  if (link === undefined) {
    return {
      verdict: 'fault',
      about: name,
      found: 'does not exist',
      wanted: 'an interface of this host',
      cure: 'correct the name: node.interfaces in weir.yaml, --interface of real-server; "ip link" lists those that there are',
    };
  }
  if (link.flags.includes('UP')) return { verdict: 'ok', about: name, found: `up, MTU ${link.mtu}` };
  return {
    verdict: 'fault',
    about: name,
    found: 'down',
    wanted: 'up',
    cure: 'bring it up',
    commands: [`ip link set dev ${name} up`],
  };
}
