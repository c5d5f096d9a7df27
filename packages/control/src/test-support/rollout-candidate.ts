import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { EtcdConfig } from '../cluster-config.js';

/** A process of its own that stands for the lead of rollouts. */
export class RolloutCandidate implements AsyncDisposable {
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }
}

/** Its lease is short, as its end is what is waited for. It dies with this process. */
export function startCandidate(config: EtcdConfig, name: string): RolloutCandidate {
  const driver = new URL('../rollout/rollout-driver.js', import.meta.url);
  const options = JSON.stringify({ config: { ...config, leaseMs: 2000 }, name });
  const script = [
    `import { startRolloutDriver } from ${JSON.stringify(driver)};`,
    'const logger = { debug() {}, info() {}, warn() {}, error() {} };',
    `startRolloutDriver({ ...${options}, logger });`,
  ];
  const args = ['--pdeathsig', 'KILL', process.execPath, '--input-type=module', '--eval', script.join('\n')];
  return new RolloutCandidate(spawn('setpriv', args, { stdio: 'ignore' }));
}
