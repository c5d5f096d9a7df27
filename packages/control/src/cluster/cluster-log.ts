/** Where the cluster's store tells what befalls it; pino has this shape. One line for each thing that happens. */
export interface ClusterLog {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}
