import {
  type Entry,
  memtableListConformance,
  ScriptedTarget,
  type Store,
  storeConformance,
  type StoreOperation,
} from '@memtable/testing';
import { MemTableList, ValueType, WriteBatch } from '../src/index.js';
import { memTableListHarness } from './harness.js';

describe.each([1, 2])('MemTableList, %i frozen at most', (frozenMax) => {
  describe.each([1, 1000])('full at %i bytes', (writeBufferBytes) => {
    // Four kinds of lists share the runs of one.
    memtableListConformance({ describe, it, numRuns: 100, ...memTableListHarness({ frozenMax, writeBufferBytes }) });
  });
});

interface ListSnapshot {
  readonly sequence: number;
  close(): void;
}

/** A list and its target as one store, which asks the target for what the list no longer has. */
class ListStore implements Store<ListSnapshot> {
  readonly #target = new ScriptedTarget(['rejects', 'half-writes']);
  readonly #list = new MemTableList({ target: this.#target, writeBufferBytes: 65_536, retryMs: 0 });

  put(key: Uint8Array, value: Uint8Array): Promise<void> {
    return this.#list.put(key, value);
  }

  del(key: Uint8Array): Promise<void> {
    return this.#list.del(key);
  }

  batch(operations: readonly StoreOperation[]): Promise<void> {
    const batch = new WriteBatch();
    for (const operation of operations) {
      if (operation.type === 'put') batch.put(operation.key, operation.value);
      else batch.del(operation.key);
    }
    return this.#list.write(batch);
  }

  get(key: Uint8Array, options: { snapshot?: ListSnapshot } = {}): Uint8Array | undefined {
    const sequence = options.snapshot?.sequence ?? this.#list.lastSequence;
    const found = this.#list.get(key, sequence) ?? this.#flushed(key, sequence);
    return found?.type === ValueType.Value ? found.value.slice() : undefined;
  }

  snapshot(): ListSnapshot {
    return { sequence: this.#list.lastSequence, close: () => undefined };
  }

  flush(): Promise<void> {
    return this.#list.flush();
  }

  close(): Promise<void> {
    this.#target.heal();
    return this.#list.close();
  }

  #flushed(key: Uint8Array, sequence: number): Entry | undefined {
    return this.#target.accepted
      .filter((entry) => Buffer.compare(entry.key, key) === 0 && entry.sequence <= sequence)
      .sort((a, b) => Number(b.sequence) - Number(a.sequence))[0];
  }
}

describe('MemTableList and its target', () => {
  storeConformance({
    describe,
    it,
    factory: () => new ListStore(),
    supports: { batches: true, ranges: false, snapshots: true, copies: true, flush: true },
    numRuns: 30,
  });
});
