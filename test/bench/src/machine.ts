import { cpus, release } from 'node:os';

/** Where figures come from: without it they say nothing. */
export interface Machine {
  readonly cpus: number;
  readonly model: string;
  readonly kernel: string;
  readonly node: string;
}

export function thisMachine(): Machine {
  const all = cpus();
  return { cpus: all.length, model: all[0]?.model.trim() ?? 'unknown', kernel: release(), node: process.versions.node };
}

export function describeMachine({ cpus: count, model, kernel, node }: Machine): string {
  return `${count} CPUs (${model}), Linux ${kernel}, Node.js ${node}`;
}
