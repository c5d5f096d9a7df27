/** The machine that is looked at, as checks ask it. Nothing here changes anything. */
export interface Host {
  /** As `uname -r` prints it. */
  readonly kernelRelease: string;
  /** @returns undefined: there is no such file, or nobody may read it */
  readText(path: string): Promise<string | undefined>;
  /**
   * Runs a command to its end.
   * @returns what it printed
   * @throws {HostError} HOST_COMMAND_MISSING, HOST_COMMAND_FAILED with what it said
   */
  run(command: string, args: readonly string[]): Promise<string>;
  /** `f_type` of the file system that has `path`, or the nearest directory above it that exists. */
  fileSystemType(path: string): Promise<number>;
  /** May this process write in `path`, or in the nearest directory above it that exists? */
  isWritable(path: string): Promise<boolean>;
  /** Connects and closes. @returns undefined: somebody accepted; else why not, such as `ECONNREFUSED` */
  connect(endpoint: Address, timeoutMs: number): Promise<string | undefined>;
  /** Listens and closes. @returns undefined: nobody else does; else why not, such as `EADDRINUSE` */
  listen(endpoint: Address): Promise<string | undefined>;
}

/** Where a server is. */
export interface Address {
  readonly host: string;
  readonly port: number;
}
