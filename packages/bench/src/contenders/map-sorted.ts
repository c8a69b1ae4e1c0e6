import type { Chunk, Value } from '../chunk.js';
import type { ContentDigest } from '../digest.js';
import { type Contender, type ContenderKind, seen, seenEntry } from './contender.js';

class SortedMap implements Contender {
  #map = new Map<string, Value>();
  #sorted: string[] = [];

  insert(chunk: Chunk<string, Value>): void {
    const map = this.#map;
    for (let i = 0; i < chunk.count; i++) map.set(chunk.keys[i], chunk.values[i]);
  }

  load(entries: [string, Value][]): void {
    this.#map = new Map(entries);
    this.finish();
  }

  finish(): void {
    if (this.#sorted.length < this.#map.size) this.#sorted = [...this.#map.keys()].sort();
    else if (this.#sorted.length > this.#map.size) this.#sorted = this.#sorted.filter((key) => this.#map.has(key));
  }

  overwrite(chunk: Chunk<string, Value>): void {
    this.insert(chunk);
  }

  remove(chunk: Chunk<string, Value>): void {
    const map = this.#map;
    for (let i = 0; i < chunk.count; i++) map.delete(chunk.keys[i]);
  }

  get(chunk: Chunk<string, Value>): number {
    const map = this.#map;
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      const value = map.get(chunk.keys[i]);
      if (value !== undefined) sum += seen(value);
    }
    return sum;
  }

  mixed(chunk: Chunk<string, Value>): number {
    const map = this.#map;
    let sum = 0;
    for (let i = 0; i + 1 < chunk.count; i += 2) {
      const value = map.get(chunk.keys[i]);
      if (value !== undefined) sum += seen(value);
      map.set(chunk.keys[i + 1], chunk.values[i + 1]);
    }
    return sum;
  }

  scan(): number {
    return this.#visit(0, this.#sorted.length);
  }

  entries(): number {
    return this.scan();
  }

  reverseScan(): number {
    const map = this.#map;
    let sum = 0;
    for (let i = this.#sorted.length - 1; i >= 0; i--) {
      const key = this.#sorted[i];
      const value = map.get(key);
      if (value !== undefined) sum += seenEntry(key, value);
    }
    return sum;
  }

  range(chunk: Chunk<string, Value>, length: number): number {
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      const from = this.#firstFrom(chunk.keys[i]);
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
      const key = sorted[i];
      const value = map.get(key);
      if (value !== undefined) sum += seenEntry(key, value);
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
  openDefaults: () => new SortedMap(),
};
