import { OrderedMap } from 'js-sdsl';
import type { Chunk, Value } from '../chunk.js';
import type { ContentDigest } from '../digest.js';
import { type Contender, type ContenderKind, seen, seenEntry } from './contender.js';

class SdslMap implements Contender {
  #map = new OrderedMap<string, Value>();

  insert(chunk: Chunk<string, Value>): void {
    const map = this.#map;
    for (let i = 0; i < chunk.count; i++) map.setElement(chunk.keys[i], chunk.values[i]);
  }

  load(entries: [string, Value][]): void {
    this.#map = new OrderedMap(entries);
  }

  overwrite(chunk: Chunk<string, Value>): void {
    this.insert(chunk);
  }

  remove(chunk: Chunk<string, Value>): void {
    const map = this.#map;
    for (let i = 0; i < chunk.count; i++) map.eraseElementByKey(chunk.keys[i]);
  }

  get(chunk: Chunk<string, Value>): number {
    const map = this.#map;
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      const value = map.getElementByKey(chunk.keys[i]);
      if (value !== undefined) sum += seen(value);
    }
    return sum;
  }

  mixed(chunk: Chunk<string, Value>): number {
    const map = this.#map;
    let sum = 0;
    for (let i = 0; i + 1 < chunk.count; i += 2) {
      const value = map.getElementByKey(chunk.keys[i]);
      if (value !== undefined) sum += seen(value);
      map.setElement(chunk.keys[i + 1], chunk.values[i + 1]);
    }
    return sum;
  }

  scan(): number {
    let sum = 0;
    this.#map.forEach(([key, value]) => {
      sum += seenEntry(key, value);
    });
    return sum;
  }

  entries(): number {
    let sum = 0;
    for (const [key, value] of this.#map) sum += seenEntry(key, value);
    return sum;
  }

  reverseScan(): number {
    const end = this.#map.rEnd();
    let sum = 0;
    for (const it = this.#map.rBegin(); !it.equals(end); it.next()) {
      const [key, value] = it.pointer;
      sum += seenEntry(key, value);
    }
    return sum;
  }

  range(chunk: Chunk<string, Value>, length: number): number {
    const map = this.#map;
    const end = map.end();
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      const it = map.lowerBound(chunk.keys[i]);
      for (let left = length; left > 0 && !it.equals(end); left--, it.next()) {
        const [key, value] = it.pointer;
        sum += seenEntry(key, value);
      }
    }
    return sum;
  }

  digest(digest: ContentDigest): void {
    this.#map.forEach(([key, value]) => digest.add(key, value));
  }

  close(): void {
    this.#map.clear();
  }
}

export const jsSdsl: ContenderKind = {
  name: 'js-sdsl',
  about: 'js-sdsl OrderedMap, string keys, values by reference',
  package: 'js-sdsl',
  keys: 'string',
  keeps: 'references',
  rate: 307,
  open: () => new SdslMap(),
  openDefaults: () => new SdslMap(),
};
