import type { Chunk } from '../chunk.js';
import type { ContentDigest } from '../digest.js';
import type { Contender, ContenderKind } from './contender.js';

class SortedMap implements Contender {
  readonly #map = new Map<string, Buffer>();
  #sorted: string[] = [];

  insert(chunk: Chunk): void {
    const map = this.#map;
    for (let i = 0; i < chunk.count; i++) map.set(chunk.names[i], chunk.values[i]);
  }

  finish(): void {
    if (this.#sorted.length < this.#map.size) this.#sorted = [...this.#map.keys()].sort();
    else if (this.#sorted.length > this.#map.size) this.#sorted = this.#sorted.filter((key) => this.#map.has(key));
  }

  overwrite(chunk: Chunk): void {
    this.insert(chunk);
  }

  remove(chunk: Chunk): void {
    const map = this.#map;
    for (let i = 0; i < chunk.count; i++) map.delete(chunk.names[i]);
  }

  get(chunk: Chunk): number {
    const map = this.#map;
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      const value = map.get(chunk.names[i]);
      if (value === undefined) continue;
      const copy = Buffer.from(value);
      sum += copy.length + copy[0];
    }
    return sum;
  }

  view(chunk: Chunk): number {
    const map = this.#map;
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      const value = map.get(chunk.names[i]);
      if (value !== undefined) sum += value.length + value[0];
    }
    return sum;
  }

  mixed(chunk: Chunk): number {
    const map = this.#map;
    let sum = 0;
    for (let i = 0; i + 1 < chunk.count; i += 2) {
      const value = map.get(chunk.names[i]);
      if (value !== undefined) {
        const copy = Buffer.from(value);
        sum += copy.length + copy[0];
      }
      map.set(chunk.names[i + 1], chunk.values[i + 1]);
    }
    return sum;
  }

  scan(): number {
    return this.#visit(0, this.#sorted.length);
  }

  reverseScan(): number {
    const map = this.#map;
    let sum = 0;
    for (let i = this.#sorted.length - 1; i >= 0; i--) {
      const value = map.get(this.#sorted[i]);
      if (value !== undefined) sum += value.length + value[0];
    }
    return sum;
  }

  range(chunk: Chunk, length: number): number {
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      const from = this.#firstFrom(chunk.names[i]);
      sum += this.#visit(from, Math.min(from + length, this.#sorted.length));
    }
    return sum;
  }

  digest(digest: ContentDigest): void {
    for (const key of this.#sorted) digest.add(key, this.#map.get(key)!);
  }

  close(): void {
    this.#map.clear();
    this.#sorted = [];
  }

  #visit(from: number, to: number): number {
    const map = this.#map;
    const sorted = this.#sorted;
    let sum = 0;
    for (let i = from; i < to; i++) {
      const value = map.get(sorted[i]);
      if (value !== undefined) sum += value.length + value[0];
    }
    return sum;
  }

  #firstFrom(key: string): number {
    const sorted = this.#sorted;
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sorted[middle] < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export const mapSorted: ContenderKind = {
  name: 'map-sorted',
  about: 'a Map whose keys are sorted once at the end (timed with the inserts)',
  keys: 'string',
  keeps: 'references',
  rate: 350,
  open: () => new SortedMap(),
};
