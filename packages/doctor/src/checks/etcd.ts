import { connectEtcd, type EtcdConfig, troubleText } from '@weir/control';
import type { Check } from '../check.js';
import type { Finding } from '../finding.js';

/** Does etcd answer? */
export const etcd: Check = {
  name: 'etcd',
  looksAt: 'each of `etcd.endpoints`: that it answers, and takes user, password and certificate',
  symptom:
    'changes do not arrive, the node is not in `weirctl nodes`; lb-node ends with 69 (ETCD_UNREACHABLE) where nothing else says what to serve',
  cure: 'start etcd, correct `etcd.endpoints`, user and certificates as the message says. A node that has a snapshot forwards on meanwhile',
  roles: ['node'],
  async examine(subject) {
    const config = subject.role === 'node' ? subject.config?.etcd : undefined;
    if (config === undefined) return [{ verdict: 'skipped', found: 'the configuration has no etcd' }];
    const troubles = await Promise.all(config.endpoints.map((endpoint) => troubleOf(config, endpoint)));
    return config.endpoints.map((endpoint, i) => etcdFinding(endpoint, troubles[i], troubles.includes(undefined)));
  },
};

type Endpoint = EtcdConfig['endpoints'][number];

async function troubleOf(config: EtcdConfig, endpoint: Endpoint): Promise<string | undefined> {
  try {
    (await connectEtcd(config, endpoint))[Symbol.dispose]();
    return undefined;
  } catch (error) {
    return troubleText(error as Error);
  }
}

/** A member that is away is no fault while another answers. */
function etcdFinding({ host, port }: Endpoint, trouble: string | undefined, someAnswer: boolean): Finding {
  const about = `${host}:${port}`;
  if (trouble === undefined) return { verdict: 'ok', about, found: 'answers' };
  return {
    verdict: someAnswer ? 'warning' : 'fault',
    about,
    found: trouble,
    wanted: 'an answer',
    cure: `look at etcd there ("systemctl status etcd"), at what is between ("nc -vz ${host} ${port}"), and at etcd.endpoints, etcd.username and etcd.tls of weir.yaml`,
  };
}
