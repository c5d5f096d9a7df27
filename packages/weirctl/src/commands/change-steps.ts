import { WeirctlError } from '../weirctl-error.js';

/** A change of one service. */
export interface ChangeStep {
  readonly service: string;
  take(): Promise<{ readonly isInForce: boolean }>;
}

/**
 * Takes one step after another.
 * @returns whether all that is written is in force
 * @throws {WeirctlError} that of the first step which fails, and which services are changed by then
 */
export async function takeSteps(steps: readonly ChangeStep[]): Promise<boolean> {
  let areInForce = true;
  for (const [i, step] of steps.entries()) {
    try {
      const { isInForce } = await step.take();
      areInForce &&= isInForce;
    } catch (error) {
      if (!(error instanceof WeirctlError)) throw error;
      const message = [
        error.message,
        `changed: ${namesOf(steps.slice(0, i))}; stopped at: ${step.service}; not changed: ${namesOf(steps.slice(i + 1))}`,
      ].join('\n');
      throw new WeirctlError(error.code, message, { cause: error });
    }
  }
  return areInForce;
}

function namesOf(steps: readonly ChangeStep[]): string {
  return steps.map(({ service }) => service).join(', ') || 'none';
}
