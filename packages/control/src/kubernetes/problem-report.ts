import type { ClusterLog } from '../cluster/cluster-log.js';
import type { ServiceProblem } from './service-problem.js';

/** Tells the log of each problem once, until it is over. */
export class ProblemReport {
  readonly #logger: ClusterLog;
  #told: ReadonlySet<string> = new Set();

  constructor(logger: ClusterLog) {
    this.#logger = logger;
  }

  /** @param problems  all that there are now */
  tell(problems: readonly ServiceProblem[]): void {
    const told = new Set<string>();
    for (const { service, reason, message } of problems) {
      const text = `Service ${service} is not served as it asks: ${message}`;
      if (!this.#told.has(text) && !told.has(text)) {
        this.#logger.warn({ event: 'kubernetes_service_trouble', service, reason }, text);
      }
      told.add(text);
    }
    this.#told = told;
  }
}
