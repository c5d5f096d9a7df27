import { Command } from 'commander';
import { actionCommand } from '../client/action-command.js';
import { WeirctlError } from '../weirctl-error.js';

interface HealthOptions {
  readonly alive?: true;
}

/** `weirctl health`, for the probes of Kubernetes and of containers. */
export function healthCommand(): Command {
  const command = new Command('health')
    .description(
      'whether the node serves: ends with 0 from its first tables in force until it begins to leave, else with 69',
    )
    .option('--alive', 'whether it answers at all: 0 while it starts and leaves, too');
  return actionCommand<HealthOptions>(command, async (client, _, { alive }) => {
    // It reads its .proto file: not for every command.
    const { service } = await import('grpc-health-check');
    const { status } = await client.call(service.Check as CheckMethod, { service: '' });
    if (status === 'SERVING' || alive === true) return status;
    throw new WeirctlError('NOT_SERVING', `the node says ${status}: it starts, or leaves; its log says more`);
  });
}

/** Of grpc.health.v1, whose package has no types for it. */
type CheckMethod = import('@grpc/grpc-js').MethodDefinition<{ service: string }, { status: string }>;
