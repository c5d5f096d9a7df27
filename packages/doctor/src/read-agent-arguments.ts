import { parseArgs } from 'node:util';
import { canonicalAddress } from './canonical-address.js';
import type { BackendSubject } from './subject.js';

/** What `real-server` takes off unless it is told otherwise. */
const DEFAULT_DECAP = 'ipip,gue';

/**
 * What a backend is, by the arguments of its agent: those that /etc/default/weir-real-server gives the unit, or a command line.
 * Quotes of a shell are not understood; no argument of the agent needs them.
 */
export function readAgentArguments(args: readonly string[]): BackendSubject {
  const { values } = parseArgs({
    args: [...args],
    strict: false,
    options: {
      interface: { type: 'string', short: 'i' },
      vip: { type: 'string', multiple: true },
      decap: { type: 'string' },
    },
  });
  const name = textOf(values.interface);
  const decap = textOf(values.decap) ?? DEFAULT_DECAP;
  return {
    role: 'backend',
    ...(name === undefined ? {} : { interface: name }),
    vips: [values.vip ?? []]
      .flat()
      .filter((vip) => typeof vip === 'string')
      .map(canonicalAddress),
    encapsulations: decap === 'none' ? [] : decap.split(',').map((text) => text.trim()),
  };
}

/** The arguments in an environment file of systemd: the words behind the last `WEIR_REAL_SERVER=`, which wins. None: an empty list. */
export function agentArgumentsIn(environmentFile: string): readonly string[] {
  const [, value = ''] = [...environmentFile.matchAll(/^\s*WEIR_REAL_SERVER=["']?([^"'\n]*)/gm)].at(-1) ?? [];
  return value.split(/\s+/).filter((word) => word !== '');
}

function textOf(value: string | boolean | (string | boolean)[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
