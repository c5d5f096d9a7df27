/** Width of a slot: what is due within it begins together. */
const SLOT_MS = 10;
/** After a stall of the process, how many slots are caught up at once: behind time rather than all in one burst. */
const SLOTS_AT_ONCE_MAX = 3;
/** The timer looks no farther ahead. */
const LOOK_AHEAD_SLOTS = 100;

export interface ProbeWheelOptions<Item> {
  /** Takes an item whose time has come; the wheel has forgotten it by then. */
  readonly begin: (item: Item) => void;
  /** In ms, of a clock that never jumps. */
  readonly now: () => number;
  /** From 0, which may come, to 1, which may not. */
  readonly random: () => number;
}

/**
 * When what is due: slots of 10 ms and one timer for all of them. Of two slots that an item may take, it takes the one with
 * less in it, so that items spread evenly over time by themselves, whenever and however many at once they came.
 */
export class ProbeWheel<Item> implements Disposable {
  readonly #options: ProbeWheelOptions<Item>;
  readonly #slots = new Map<number, Set<Item>>();
  readonly #slotOf = new Map<Item, number>();
  /** All slots before are done. */
  #cursor: number;
  #timer: NodeJS.Timeout | undefined;
  #armedFor = Number.POSITIVE_INFINITY;

  constructor(options: ProbeWheelOptions<Item>) {
    this.#options = options;
    this.#cursor = this.#slotNow();
  }

  /** Begins the item once, between `fromMs` and `toMs` from now; if the wheel has it already, then instead of when it was to. */
  add(item: Item, fromMs: number, toMs: number): void {
    this.delete(item);
    const slot = this.#emptierSlot(this.#options.now() + fromMs, toMs - fromMs);
    let items = this.#slots.get(slot);
    if (items === undefined) {
      items = new Set();
      this.#slots.set(slot, items);
    }
    items.add(item);
    this.#slotOf.set(item, slot);
    if (slot < this.#armedFor) this.#arm();
  }

  delete(item: Item): void {
    const slot = this.#slotOf.get(item);
    if (slot === undefined) return;
    this.#slotOf.delete(item);
    const items = this.#slots.get(slot);
    items?.delete(item);
    if (items?.size === 0) this.#slots.delete(slot);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#slots.clear();
    this.#slotOf.clear();
  }

  #emptierSlot(fromMs: number, widthMs: number): number {
    const candidate = () =>
      Math.max(this.#cursor + 1, Math.ceil((fromMs + this.#options.random() * widthMs) / SLOT_MS));
    const [one, other] = [candidate(), candidate()];
    return this.#filling(other) < this.#filling(one) ? other : one;
  }

  #filling(slot: number): number {
    return this.#slots.get(slot)?.size ?? 0;
  }

  #slotNow(): number {
    return Math.floor(this.#options.now() / SLOT_MS);
  }

  #arm(): void {
    clearTimeout(this.#timer);
    this.#armedFor = Number.POSITIVE_INFINITY;
    if (this.#slotOf.size === 0) return;
    let slot = this.#cursor + 1;
    const lastSlot = this.#cursor + LOOK_AHEAD_SLOTS;
    while (slot < lastSlot && !this.#slots.has(slot)) slot++;
    this.#armedFor = slot;
    const isBehind = this.#cursor < this.#slotNow() - 1;
    const waitMs = isBehind ? SLOT_MS : Math.max(1, slot * SLOT_MS - this.#options.now());
    this.#timer = setTimeout(() => this.#turn(), waitMs);
  }

  #turn(): void {
    const slotNow = this.#slotNow();
    for (let begun = 0; this.#cursor < slotNow && begun < SLOTS_AT_ONCE_MAX; ) {
      this.#cursor++;
      if (this.#beginSlot(this.#cursor)) begun++;
    }
    this.#arm();
  }

  #beginSlot(slot: number): boolean {
    const items = this.#slots.get(slot);
    if (items === undefined) return false;
    this.#slots.delete(slot);
    for (const item of items) {
      this.#slotOf.delete(item);
      this.#options.begin(item);
    }
    return true;
  }
}
