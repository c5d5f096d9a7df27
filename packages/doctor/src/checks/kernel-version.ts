import type { Check } from '../check.js';
import type { Finding } from '../finding.js';

/** bpf_loop and timers, managed neighbours, and bpf_xdp_load_bytes are all there since this one (README.md). */
const WANTED = { major: 5, minor: 18 } as const;
const WANTED_TEXT = `${WANTED.major}.${WANTED.minor}`;

/** Is the kernel new enough for the programs of Weir? */
export const kernelVersion: Check = {
  name: 'kernel-version',
  looksAt: `the kernel's release: Linux ${WANTED_TEXT} or later`,
  symptom: 'lb-node ends with 69 (KERNEL_TOO_OLD), or the verifier refuses the program (BPF_LOAD_REFUSED)',
  cure: `boot a kernel from ${WANTED_TEXT} on; Debian 12 has 6.1. Without one, \`dataplane.engine: portable\` forwards without BPF, more slowly`,
  roles: ['node', 'backend'],
  async examine(subject, { kernelRelease }) {
    return [kernelFinding(kernelRelease, subject.role === 'node' && subject.config?.dataplane.engine === 'portable')];
  },
};

/**
 * @param release  as `uname -r` prints it, such as `6.1.0-18-amd64`
 * @param isPortable  no BPF program is loaded
 */
export function kernelFinding(release: string, isPortable = false): Finding {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(release) ?? [];
  if (major === undefined)
    return { verdict: 'skipped', found: `the release "${release}" does not begin with a number` };
  const isNewEnough = Number(major) > WANTED.major || (Number(major) === WANTED.major && Number(minor) >= WANTED.minor);
  const found = `Linux ${release}`;
  if (isNewEnough) return { verdict: 'ok', found };
  if (isPortable) return { verdict: 'ok', found: `${found}; the portable engine needs no newer one` };
  return {
    verdict: 'fault',
    found,
    wanted: `Linux ${WANTED_TEXT} or later`,
    cure: 'install a newer kernel and boot it; Debian: linux-image-amd64, from backports on releases before 12',
  };
}
