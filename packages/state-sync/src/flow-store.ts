/** Where records are kept: all that differs between Redis and this process's memory. Ids and values are opaque to it. */
export interface FlowStore extends AsyncDisposable {
  /** False: what is asked now fails. */
  readonly isAvailable: boolean;
  /** Why it is not available, or last was not; for status lines. */
  readonly lastError: string | undefined;
  /** How often the store came back after it was gone. */
  readonly reconnections: number;
  /** Called with what {@link isAvailable} changes to. Returns what takes the listener off. */
  onAvailability(listener: (isAvailable: boolean) => void): () => void;
  /**
   * Writes values; later ones of the same id win, also over those of former calls that are under way.
   *
   * @param packed      see packed-writes.ts
   * @param ttlSeconds  by state
   * @throws the store's error: some of it may have been written
   */
  write(packed: Buffer, ttlSeconds: readonly number[]): Promise<void>;
  /**
   * Removes the records that are still this owner's, and what their answers are found by.
   *
   * @param packed  see packed-writes.ts
   */
  remove(packed: Buffer, owner: number): Promise<void>;
  /** Values by id, undefined where there is none. */
  read(ids: readonly Buffer[]): Promise<readonly (Uint8Array | undefined)[]>;
  /** Says that a node lives: a name that lasts so long. */
  hold(name: string, ttlMs: number): Promise<void>;
  release(name: string): Promise<void>;
  /** Which of these names are held, by whomever. */
  held(names: readonly string[]): Promise<readonly boolean[]>;
  /** To all who listen to that channel now. */
  publish(channel: string, message: Buffer): Promise<void>;
  /** Messages of a channel, also after the store was gone; those of the time between are lost. Returns what ends it. */
  subscribe(channel: string, listener: (message: Buffer) => void): () => void;
}
