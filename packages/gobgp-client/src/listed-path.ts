import { type BgpPath, decodePath, type PathMessage } from './bgp-path.js';

/** The table of gobgpd that paths are listed from: its own choice of all it knows, or what goes to or comes from a peer. */
export type PathTable = { readonly of: 'all' } | { readonly of: 'received' | 'advertised'; readonly peer: string };

/** A path as gobgpd has it. */
export interface ListedPath extends BgpPath {
  /** The peer that it is from; absent: gobgpd originates it. */
  readonly peer?: string;
  /** When gobgpd got it, to the second; a path that changes gets a new time. */
  readonly since: Date;
  /** The one in use among those to its prefix; false in a peer's tables. */
  readonly best: boolean;
}

/** apipb.TableType. */
export const tableTypes = { all: 'GLOBAL', received: 'ADJ_IN', advertised: 'ADJ_OUT' } as const;

export function decodeListedPath(message: PathMessage): ListedPath {
  const { neighborIp, age, best } = message;
  const isOwn = neighborIp === undefined || neighborIp === '' || neighborIp === '<nil>';
  return {
    ...decodePath(message),
    ...(isOwn ? {} : { peer: neighborIp }),
    since: new Date((age?.seconds ?? 0) * 1000),
    best: best ?? false,
  };
}
