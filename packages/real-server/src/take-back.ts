import type { Logger } from '@weir/daemon';
import { detachDecapsulation } from './decapsulation.js';
import type { ChangeRecord } from './host-changes.js';
import { restoreSettings } from './kernel-settings.js';
import { detachToa } from './toa.js';
import { applyVipAddresses } from './vip-addresses.js';
import { removeVipRoutes } from './vip-routes.js';

/**
 * Undoes what makes this host a backend, in the opposite order; a step that fails does not keep the others from it.
 *
 * @param record  what this agent and those before it changed
 */
export async function takeBack(pinDirectory: string, record: ChangeRecord, logger: Logger): Promise<void> {
  const steps = [
    () => applyVipAddresses([], record),
    () => removeVipRoutes(),
    () => restoreSettings(record),
    async () => detachToa(pinDirectory),
    async () => detachDecapsulation(pinDirectory),
  ];
  for (const step of steps) {
    await step().catch((error: unknown) =>
      logger.warn({ event: 'end_failed', err: error }, 'could not take back all that was done'),
    );
  }
}
