/** What the agent changed on its host and will take back. A life that takes over from another inherits it. */
export interface HostChanges {
  /** VIPs that the agent put on lo; not those that it found there. */
  readonly addresses: readonly string[];
  /** Files below /proc/sys that the agent wrote, and what they held before. */
  readonly settings: Readonly<Record<string, string>>;
}

/** Where the changes are noted before they are made, so that they can be taken back whatever happens in between. */
export interface Note {
  note: string;
}

/** The changes as they are noted; every update is noted at once. */
export class ChangeRecord {
  readonly #place: Note;
  #changes: HostChanges;

  constructor(place: Note) {
    this.#place = place;
    this.#changes = place.note === '' ? { addresses: [], settings: {} } : (JSON.parse(place.note) as HostChanges);
  }

  get addresses(): readonly string[] {
    return this.#changes.addresses;
  }

  get settings(): Readonly<Record<string, string>> {
    return this.#changes.settings;
  }

  /** The first value that is noted for a setting stays: what a former life wrote is not what was there before. */
  addSetting(path: string, before: string): void {
    this.#update({ settings: { [path]: before, ...this.settings } });
  }

  removeSetting(path: string): void {
    const { [path]: _, ...settings } = this.settings;
    this.#update({ settings });
  }

  addAddress(vip: string): void {
    if (!this.addresses.includes(vip)) this.#update({ addresses: [...this.addresses, vip] });
  }

  removeAddress(vip: string): void {
    this.#update({ addresses: this.addresses.filter((address) => address !== vip) });
  }

  #update(changed: Partial<HostChanges>): void {
    this.#changes = { ...this.#changes, ...changed };
    this.#place.note = JSON.stringify(this.#changes);
  }
}
