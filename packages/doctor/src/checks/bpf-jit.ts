import type { Check } from '../check.js';

const SETTING = '/proc/sys/net/core/bpf_jit_enable';

/** Does the kernel compile BPF programs? */
export const bpfJit: Check = {
  name: 'bpf-jit',
  looksAt: 'net.core.bpf_jit_enable: whether the kernel compiles BPF programs',
  symptom: 'a node forwards a fraction of the packets that it should, with its CPUs full',
  cure: 'turn the compiler on: `sysctl net.core.bpf_jit_enable=1`',
  roles: ['node', 'backend'],
  async examine(_, host) {
    const value = (await host.readText(SETTING))?.trim();
    if (value === undefined) {
      // Only the first network namespace has it; a kernel may also have the compiler always on.
      return [
        {
          verdict: 'skipped',
          found: 'the setting is not to be seen here; kernels built with BPF_JIT_ALWAYS_ON compile in any case',
        },
      ];
    }
    if (value !== '0') return [{ verdict: 'ok', found: `bpf_jit_enable is ${value}` }];
    return [
      {
        verdict: 'warning',
        found: 'bpf_jit_enable is 0: programs are interpreted',
        wanted: '1',
        cure: 'turn the compiler on, and write it to /etc/sysctl.d',
        commands: ['sysctl -w net.core.bpf_jit_enable=1'],
      },
    ];
  },
};
