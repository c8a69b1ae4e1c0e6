import { OrderedMap } from 'js-sdsl';
import type { Chunk } from '../chunk.js';
import type { ContentDigest } from '../digest.js';
import type { Contender, ContenderKind } from './contender.js';

class SdslMap implements Contender {
  readonly #map = new OrderedMap<string, Buffer>();

  insert(chunk: Chunk): void {
    const map = this.#map;
    for (let i = 0; i < chunk.count; i++) map.setElement(chunk.names[i], chunk.values[i]);
  }

  overwrite(chunk: Chunk): void {
    this.insert(chunk);
  }

  remove(chunk: Chunk): void {
    const map = this.#map;
    for (let i = 0; i < chunk.count; i++) map.eraseElementByKey(chunk.names[i]);
  }

  get(chunk: Chunk): number {
    const map = this.#map;
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      const value = map.getElementByKey(chunk.names[i]);
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
      const value = map.getElementByKey(chunk.names[i]);
      if (value !== undefined) sum += value.length + value[0];
    }
    return sum;
  }

  mixed(chunk: Chunk): number {
    const map = this.#map;
    let sum = 0;
    for (let i = 0; i + 1 < chunk.count; i += 2) {
      const value = map.getElementByKey(chunk.names[i]);
      if (value !== undefined) {
        const copy = Buffer.from(value);
        sum += copy.length + copy[0];
      }
      map.setElement(chunk.names[i + 1], chunk.values[i + 1]);
    }
    return sum;
  }

  scan(): number {
    let sum = 0;
    this.#map.forEach(([, value]) => {
      sum += value.length + value[0];
    });
    return sum;
  }

  reverseScan(): number {
    const end = this.#map.rEnd();
    let sum = 0;
    for (const it = this.#map.rBegin(); !it.equals(end); it.next()) {
      const value = it.pointer[1];
      sum += value.length + value[0];
    }
    return sum;
  }

  range(chunk: Chunk, length: number): number {
    const map = this.#map;
    const end = map.end();
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      const it = map.lowerBound(chunk.names[i]);
      for (let left = length; left > 0 && !it.equals(end); left--, it.next()) {
        const value = it.pointer[1];
        sum += value.length + value[0];
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
};
