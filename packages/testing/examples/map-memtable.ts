import type { Entry, MemtableCursor, Sequence, ValueType } from '@memtable/testing';

/** A memtable over a Map from each key, as text, to its versions, newest first. */
export class MapMemtable {
  readonly #versions = new Map<string, Entry[]>();

  add(sequence: number, type: ValueType, key: Uint8Array, value: Uint8Array = new Uint8Array()): void {
    const versions = [...(this.#versions.get(this.nameOf(key)) ?? []), { key, sequence, type, value }];
    versions.sort((a, b) => Number(b.sequence) - Number(a.sequence) || b.type - a.type);
    this.#versions.set(this.nameOf(key), versions);
  }

  get(key: Uint8Array, sequence: Sequence = Infinity): Entry | undefined {
    return this.#versions.get(this.nameOf(key))?.find((version) => version.sequence <= sequence);
  }

  iterator(): MemtableCursor {
    const entries = [...this.#versions.keys()].sort().flatMap((name) => this.#versions.get(name)!);
    let at = -1;
    const moveTo = (place: number): void => {
      at = place;
      Object.assign(cursor, entries[at], { valid: at in entries });
    };
    const cursor = {
      valid: false,
      seekToFirst: () => moveTo(0),
      next: () => moveTo(at + 1),
      seek: (key: Uint8Array, sequence: Sequence = Infinity) => {
        const isFrom = (name: string, entry: Entry): boolean =>
          name > this.nameOf(key) || (name === this.nameOf(key) && entry.sequence <= sequence);
        moveTo(entries.findIndex((entry) => isFrom(this.nameOf(entry.key), entry)));
      },
    };
    return cursor as MemtableCursor;
  }

  /** A key as text in the order of its bytes. */
  protected nameOf(key: Uint8Array): string {
    return Buffer.from(key).toString('hex');
  }
}
