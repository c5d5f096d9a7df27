/** A flow that the store knows. */
export interface FoundFlow {
  readonly image: Uint8Array;
  readonly owner: number;
}

/** Flows of all nodes, in a store that they share. */
export interface FlowReplication {
  tell(images: Uint8Array, refresh?: boolean): void;
  end(images: Uint8Array): void;
  findByClient(image: Uint8Array): Promise<FoundFlow | 'unknown' | 'unavailable'>;
  findByAnswer(image: Uint8Array): Promise<FoundFlow | 'unknown' | 'unavailable'>;
  takeOver(found: FoundFlow): void;
  onYield(listener: (images: Uint8Array) => void): void;
  onReturn(listener: () => void): void;
  readonly isAvailable: boolean;
}
