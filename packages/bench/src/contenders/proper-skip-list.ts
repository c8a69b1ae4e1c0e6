import ProperSkipList from 'proper-skip-list';
import type { Chunk, Value } from '../chunk.js';
import type { ContentDigest } from '../digest.js';
import { type Contender, type ContenderKind, seen, seenEntry } from './contender.js';

class SkipListOfNodes implements Contender {
  readonly #list = new ProperSkipList<string, Value>();

  insert(chunk: Chunk<string, Value>): void {
    const list = this.#list;
    for (let i = 0; i < chunk.count; i++) list.upsert(chunk.keys[i], chunk.values[i]);
  }

  overwrite(chunk: Chunk<string, Value>): void {
    this.insert(chunk);
  }

  remove(chunk: Chunk<string, Value>): void {
    const list = this.#list;
    for (let i = 0; i < chunk.count; i++) list.delete(chunk.keys[i]);
  }

  get(chunk: Chunk<string, Value>): number {
    const list = this.#list;
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      const value = list.find(chunk.keys[i]);
      if (value !== undefined) sum += seen(value);
    }
    return sum;
  }

  mixed(chunk: Chunk<string, Value>): number {
    const list = this.#list;
    let sum = 0;
    for (let i = 0; i + 1 < chunk.count; i += 2) {
      const value = list.find(chunk.keys[i]);
      if (value !== undefined) sum += seen(value);
      list.upsert(chunk.keys[i + 1], chunk.values[i + 1]);
    }
    return sum;
  }

  scan(): number {
    let sum = 0;
    for (const [key, value] of this.#list.findEntriesFromMin()) sum += seenEntry(key, value);
    return sum;
  }

  entries(): number {
    return this.scan();
  }

  reverseScan(): number {
    let sum = 0;
    for (const [key, value] of this.#list.findEntriesFromMax()) sum += seenEntry(key, value);
    return sum;
  }

  range(chunk: Chunk<string, Value>, length: number): number {
    const list = this.#list;
    let sum = 0;
    for (let i = 0; i < chunk.count; i++) {
      let left = length;
      for (const [key, value] of list.findEntries(chunk.keys[i]).asc) {
        sum += seenEntry(key, value);
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
  openDefaults: () => new SkipListOfNodes(),
};
