import {
  CoordinationV1Api,
  CoreV1Api,
  DiscoveryV1Api,
  KubeConfig,
  PatchStrategy,
  setHeaderOptions,
  Watch,
} from '@kubernetes/client-node';
import { TimeoutStrategy, timeout } from 'cockatiel';
import { ConfigError } from '../config-error.js';
import type { KubernetesConfig } from './kubernetes-config.js';

/** Clients of one API server, with one account. */
export interface ApiConnection {
  readonly core: CoreV1Api;
  readonly discovery: DiscoveryV1Api;
  readonly coordination: CoordinationV1Api;
  readonly watch: Watch;
  /** Of the account, or of the context. */
  readonly namespace: string;
  /** `https://HOST:PORT`, for messages. */
  readonly server: string;
}

/**
 * Reads who to ask, and as whom; asks nobody yet.
 * @throws {ConfigError} CONFIG_UNREADABLE: the kubeconfig can't be read, has no such context, or the node is no pod
 */
export function connectApi({ kubeconfig, context }: Pick<KubernetesConfig, 'kubeconfig' | 'context'>): ApiConnection {
  const config = new WatchingConfig();
  try {
    if (kubeconfig === undefined) config.loadFromCluster();
    else config.loadFromFile(kubeconfig);
    if (context !== undefined) config.setCurrentContext(context);
  } catch (cause) {
    throw unusable(kubeconfig, (cause as Error).message, cause);
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null || !URL.canParse(cluster.server)) {
    const contexts = config.getContexts().map(({ name }) => name);
    const why =
      kubeconfig === undefined
        ? 'this node is no pod of a cluster (KUBERNETES_SERVICE_HOST is not set); give kubernetes.kubeconfig'
        : `its context ${JSON.stringify(config.getCurrentContext())} leads to no cluster; there are ${contexts.join(', ') || 'none'}`;
    throw unusable(kubeconfig, why);
  }
  return {
    core: config.makeApiClient(CoreV1Api),
    discovery: config.makeApiClient(DiscoveryV1Api),
    coordination: config.makeApiClient(CoordinationV1Api),
    watch: new Watch(config),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace ?? 'default',
    server: cluster.server,
  };
}

/** So long an answer may take to begin. */
const HEAD_MS = 30_000;

/** The client gives watches no limit of time, and no way to stop one, until the head of the answer is there. */
class WatchingConfig extends KubeConfig {
  override async applyToFetchOptions(...options: Parameters<KubeConfig['applyToFetchOptions']>) {
    return { ...(await super.applyToFetchOptions(...options)), timeout: HEAD_MS };
  }
}

/** Changes the fields that the body names, and no others (RFC 7396). */
export const MERGE_PATCH = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);

/** So long an answer may take. */
const ANSWER_MS = 10_000;
const patience = timeout(ANSWER_MS, TimeoutStrategy.Aggressive);

/** What a server answers, unless it is silent for too long, or nobody waits for it any more. */
export function answered<T>(answer: Promise<T>, signal?: AbortSignal): Promise<T> {
  return patience.execute(() => answer, signal);
}

/** The HTTP status of an API server's answer. Undefined: there was none. */
export function statusCode(error: unknown): number | undefined {
  const { code, statusCode } = error as { readonly code?: unknown; readonly statusCode?: unknown };
  return [code, statusCode].find((value) => typeof value === 'number');
}

/** What went wrong, in a line. */
export function apiTroubleText(error: unknown): string {
  const code = statusCode(error);
  const text = bodyMessage(error) ?? ownMessage(error as Error);
  if (code === undefined) return `does not answer: ${text}`;
  const hint = hints.get(code);
  return `answers ${code}: ${text}${hint === undefined ? '' : `; ${hint}`}`;
}

const hints = new Map([
  [401, 'is the token or the certificate of the kubeconfig still good?'],
  [403, 'the account needs the rules of docs/kubernetes-services.md'],
]);

/** An API server answers errors with an object Status. */
function bodyMessage(error: unknown): string | undefined {
  const { body } = error as { readonly body?: unknown };
  try {
    const { message } = (typeof body === 'string' ? JSON.parse(body) : body) as { readonly message?: unknown };
    return typeof message === 'string' ? message : undefined;
  } catch {
    return undefined;
  }
}

/** The client puts body and headers into its message, headers with the time: no two would be the same. */
function ownMessage({ message }: Error): string {
  return /^HTTP-Code: \d+\nMessage: (.*)$/m.exec(message)?.[1] ?? message;
}

function unusable(kubeconfig: string | undefined, why: string, cause?: unknown): ConfigError {
  const what = kubeconfig === undefined ? 'kubernetes' : `kubernetes.kubeconfig: ${kubeconfig}`;
  return new ConfigError('CONFIG_UNREADABLE', `${what} can't be used: ${why}`, {
    ...(cause === undefined ? {} : { cause }),
    details: { file: kubeconfig },
  });
}
