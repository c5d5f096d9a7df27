import { status } from '@grpc/grpc-js';
import { type Rollout, type RolloutStep, RolloutsService } from '@weir/admin-api';
import {
  deleteRollout,
  listRollouts,
  type NodeConfig,
  planRollout,
  RolloutError,
  type RolloutWish,
  type RolloutStep as Step,
  setRolloutWish,
  startRollout,
  watchRollout,
} from '@weir/control';
import { AdminError, alreadyExists, failedPrecondition, invalid, notFound, unavailable } from './admin-error.js';
import { type Caller, isAllowed } from './caller.js';
import { pageOf } from './page.js';
import { type ServiceMethods, serviceMethods } from './service-methods.js';

type KnownRollout = Awaited<ReturnType<typeof listRollouts>>[number];

const TERMINAL: readonly string[] = ['done', 'aborted', 'failed'];

/**
 * weir.admin.v1.Rollouts.
 * @param config  in force
 */
export function rolloutsService(config: () => NodeConfig): ServiceMethods {
  const etcd = () => {
    const { etcd } = config();
    if (etcd !== undefined) return etcd;
    const why = 'rollouts are kept in etcd, and this node has none; give it the section etcd in weir.yaml';
    throw failedPrecondition('ROLLOUT_NO_ETCD', why);
  };
  const find = async (name: string): Promise<Rollout> => {
    const found = (await told(listRollouts(etcd()))).find((rollout) => rollout.name === name);
    if (found === undefined) throw notFound(`rollout ${name}`);
    return rolloutMessage(found);
  };
  const wish =
    (wanted: RolloutWish) =>
    async ({ name }: { readonly name: string }, caller: Caller) => {
      const before = await find(name);
      await told(setRolloutWish(etcd(), name, wanted));
      caller.audit({ target: `rollout ${name}`, before: before.phase, after: wanted });
      return { rollout: await find(name) };
    };

  return serviceMethods(RolloutsService, {
    planRollout: {
      role: 'viewer',
      async unary({ name, specJson }) {
        const { steps, troubles } = await told(planRollout(etcd(), specOf(specJson), name));
        return { steps: steps.map((step) => stepMessage({ ...step, stage: 'pending' })), troubles: [...troubles] };
      },
    },
    startRollout: {
      role: 'operator',
      writes: true,
      async unary({ name, specJson }, caller) {
        const spec = specOf(specJson);
        refuseHealthChecks(spec, caller);
        await told(startRollout(etcd(), name, spec));
        caller.audit({ target: `rollout ${name}`, after: spec });
        return { rollout: await find(name) };
      },
    },
    listRollouts: {
      role: 'viewer',
      async unary(page) {
        const all = (await told(listRollouts(etcd()))).toSorted((a, b) => (a.name < b.name ? -1 : 1));
        const { items, nextPageToken } = pageOf(all, ({ name }) => [name], page);
        return { rollouts: items.map(rolloutMessage), nextPageToken };
      },
    },
    getRollout: { role: 'viewer', unary: async ({ name }) => ({ rollout: await find(name) }) },
    watchRollout: {
      role: 'viewer',
      async *stream({ name }, { signal }) {
        const first = await find(name);
        yield { rollout: first };
        if (TERMINAL.includes(first.phase)) return;
        try {
          for await (const _ of watchRollout(etcd(), name, signal)) {
            const rollout = await find(name);
            yield { rollout };
            if (TERMINAL.includes(rollout.phase)) return;
          }
        } catch (error) {
          throw troubleOf(error);
        }
      },
    },
    pauseRollout: { role: 'operator', writes: true, unary: wish('pause') },
    resumeRollout: { role: 'operator', writes: true, unary: wish('run') },
    abortRollout: { role: 'operator', writes: true, unary: wish('abort') },
    deleteRollout: {
      role: 'operator',
      writes: true,
      async unary({ name }, caller) {
        await told(deleteRollout(etcd(), name));
        caller.audit({ target: `rollout ${name}` });
        return {};
      },
    },
  });
}

function specOf(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw invalid([{ field: 'specJson', description: `is not JSON: ${(error as Error).message}` }]);
  }
}

/**
 * A health check may run a program on every node: backends that bring one are for who may apply backends.
 * @throws {AdminError} PERMISSION_DENIED
 */
function refuseHealthChecks(spec: unknown, { name: caller, role }: Caller): void {
  if (isAllowed(role, 'admin')) return;
  const backends = Object.entries(Object(Object(spec).backends) as object);
  const found = backends.find(([, backend]) => Object(backend).healthCheck !== undefined);
  if (found === undefined) return;
  const message = `backends.${found[0]}.healthCheck needs the role admin; ${caller} has ${role}`;
  throw new AdminError(status.PERMISSION_DENIED, 'ROLE_REQUIRED', message);
}

function rolloutMessage({ name, spec, status, statusProblem }: KnownRollout): Rollout {
  const isOver = status !== undefined && TERMINAL.includes(status.state);
  return {
    name,
    specJson: spec === undefined ? '' : JSON.stringify(spec),
    phase: status?.state ?? 'waiting',
    reason: status?.reason ?? status?.waiting ?? statusProblem ?? '',
    steps: (status?.steps ?? []).map(stepMessage),
    leader: status?.leader ?? '',
    started: status?.started === undefined ? undefined : new Date(status.started),
    ended: isOver ? new Date(status.updated) : undefined,
  };
}

function stepMessage({
  target,
  change,
  stage,
  connections,
}: Pick<Step, 'target' | 'change' | 'stage' | 'connections'>): RolloutStep {
  const left = connections === undefined ? '' : `, ${connections} connections left`;
  const isUnderWay = !['pending', 'done', 'undone'].includes(stage);
  return {
    text: `${change.replace('-backend', '')} ${target}`,
    phase: stage === 'pending' ? 'waiting' : isUnderWay ? 'running' : stage,
    detail: isUnderWay ? `${stage}${left}` : '',
  };
}

async function told<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw troubleOf(error);
  }
}

function troubleOf(error: unknown): unknown {
  if (!(error instanceof RolloutError)) return error;
  const { code, message, details } = error;
  switch (code) {
    case 'ROLLOUT_INVALID': {
      const field = typeof details.field === 'string' ? details.field : 'specJson';
      return invalid([{ field, description: message }]);
    }
    case 'ROLLOUT_EXISTS':
    case 'ROLLOUT_CONFLICT':
      return alreadyExists(message);
    case 'ROLLOUT_UNKNOWN':
      return new AdminError(status.NOT_FOUND, 'NOT_FOUND', message, { cause: error });
    case 'ROLLOUT_STATE':
      return failedPrecondition(code, message);
    case 'ROLLOUT_NO_ETCD':
      return unavailable(code, message, { cause: error });
  }
}
