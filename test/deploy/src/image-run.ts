/** A folder or file of the machine that the container sees. */
export interface ImageMount {
  readonly source: string;
  readonly destination: string;
  /** Default false. */
  readonly readOnly?: boolean;
}

/** How a container is run, in the words of a Pod. */
export interface ImageRun {
  /** For messages and the log's name; one of a host. Default: the program. */
  readonly name?: string;
  /** In place of the image's entrypoint. */
  readonly command?: readonly string[];
  /** In place of the image's arguments. */
  readonly args?: readonly string[];
  /** `NET_ADMIN`; all others are dropped. Default none. */
  readonly capabilities?: readonly string[];
  /** Default: the image's. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Default true, as with `docker run` and in Kubernetes. Without it capabilities of files count for nothing. */
  readonly allowPrivilegeEscalation?: boolean;
  readonly mounts?: readonly ImageMount[];
  /** Empty folders in memory, the user's own. */
  readonly emptyDirectories?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}
