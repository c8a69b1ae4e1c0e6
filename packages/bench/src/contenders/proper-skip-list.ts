import ProperSkipList from 'proper-skip-list';
import type { Chunk } from '../chunk.js';
import type { ContentDigest } from '../digest.js';
import type { Contender, ContenderKind } from './contender.js';

class SkipListOfNodes implements Contender {
  readonly #list = new ProperSkipList<string, Buffer>();

  insert(chunk: Chunk): void {
    const list = this.#list;
    for (let i = 0; i < chunk.count; i++) list.upsert(chunk.names[i], chunk.values[i]);
  }

  overwrite(chunk: Chunk): void {
    this.insert(chunk);
  }

  remove(chunk: Chunk): void {
    const list = this.#list;
    for (let i = 0; i < chunk.count; i++) list.delete(chunk.names[i]);
  }

  get(chunk: Chunk): number {
    const list = this.#list;
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      const value = list.find(chunk.names[i]);
      if (value === undefined) continue;
      const copy = Buffer.from(value);
      sum += copy.length + copy[0];
    }
    return sum;
  }

  view(chunk: Chunk): number {
    const list = this.#list;
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      const value = list.find(chunk.names[i]);
      if (value !== undefined) sum += value.length + value[0];
    }
    return sum;
  }

  mixed(chunk: Chunk): number {
    const list = this.#list;
    let sum = 0;
    for (let i = 0; i + 1 < chunk.count; i += 2) {
      const value = list.find(chunk.names[i]);
      if (value !== undefined) {
        const copy = Buffer.from(value);
        sum += copy.length + copy[0];
      }
      list.upsert(chunk.names[i + 1], chunk.values[i + 1]);
    }
    return sum;
  }

  scan(): number {
    let sum = 0;
    for (const [, value] of this.#list.findEntriesFromMin()) sum += value.length + value[0];
    return sum;
  }

  reverseScan(): number {
    let sum = 0;
    for (const [, value] of this.#list.findEntriesFromMax()) sum += value.length + value[0];
    return sum;
  }

  range(chunk: Chunk, length: number): number {
    const list = this.#list;
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      let left = length;
      for (const [, value] of list.findEntries(chunk.names[i]).asc) {
        sum += value.length + value[0];
        if (--left === 0) break;
      }
    }
    return sum;
  }

  digest(digest: ContentDigest): void {
    for (const [key, value] of this.#list.findEntriesFromMin()) digest.add(key, value);
  }

  close(): void {
    this.#list.clear();
  }
}

export const properSkipList: ContenderKind = {
  name: 'proper-skip-list',
  about: 'proper-skip-list, string keys, values by reference',
  package: 'proper-skip-list',
  keys: 'string',
  keeps: 'references',
  rate: 130,
  open: () => new SkipListOfNodes(),
};
