import type { Check } from '../check.js';
import { usesBpf } from '../subject.js';

const LIBRARY = 'libbpf.so.1';
/** Where Debian, Fedora and Alpine have libraries, on x86-64 and arm64; the loader's own list comes first. */
const directories = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib', '/lib'];

/** Is the library there that loads BPF programs? */
export const libbpf: Check = {
  name: 'libbpf',
  looksAt: `${LIBRARY}, which loads and attaches BPF programs`,
  symptom: 'the daemon ends with 69 (BPF_LIBRARY_MISSING)',
  cure: 'install it: `apt-get install libbpf1`',
  roles: ['node', 'backend'],
  async examine(subject, host) {
    if (!usesBpf(subject)) return [{ verdict: 'skipped', found: 'the portable engine does without' }];
    const known = await host.run('/sbin/ldconfig', ['-p']).catch(() => '');
    const [, listed] = new RegExp(`${LIBRARY.replaceAll('.', '\\.')} .*=> (\\S+)`).exec(known) ?? [];
    const path = listed ?? (await firstWith(host.readText));
    if (path !== undefined) return [{ verdict: 'ok', found: path }];
    return [
      {
        verdict: 'fault',
        found: `no ${LIBRARY}`,
        wanted: 'libbpf 1.0 or later',
        cure: 'install the Debian package libbpf1',
        commands: ['apt-get install -y libbpf1'],
      },
    ];
  },
};

async function firstWith(readText: (path: string) => Promise<string | undefined>): Promise<string | undefined> {
  for (const directory of directories) {
    const path = `${directory}/${LIBRARY}`;
    if ((await readText(path)) !== undefined) return path;
  }
  return undefined;
}
