/** Plausible faults of our packages, and the suite that must catch each. */
import { type MemTable, type Sequence, ValueType, type WriteBatch } from '@memtable/memtable';
import type { Patch } from './patched.js';

/** A fault: in a subclass of MemTable, or in a few lines of a source file. */
export type Mutant = {
  readonly name: string;
  readonly suite: 'memtable' | 'ordered index' | 'memtable list' | 'store';
  /** The suite tests the block skip list. */
  readonly block?: true;
} & (Patch | { readonly subclass: (sound: typeof MemTable) => typeof MemTable });

const order = 'memtable/src/order.ts';
const table = 'memtable/src/memtable.ts';
const list = 'memtable/src/memtable-list.ts';
const queue = 'memtable/src/write-buffer/flush-queue.ts';
const batch = 'memtable/src/write-batch.ts';
const skiplist = 'skiplist/src/skiplist.ts';
/** The store of this package's tests; each fault is one that ours, or another one, has had. */
const store = 'testing/test/array-store.ts';

export const mutants: readonly Mutant[] = [
  {
    name: 'the comparator ignores the sequence',
    suite: 'memtable',
    file: order,
    from: 'return high !== 0 ? high : b.getUint32(bTag, true) - a.getUint32(aTag, true);',
    to: 'return 0;',
  },
  {
    name: 'tags are compared as signed numbers',
    suite: 'memtable',
    file: order,
    from: 'b.getUint32(bTag, true) - a.getUint32(aTag, true)',
    to: 'b.getInt32(bTag, true) - a.getInt32(aTag, true)',
  },
  {
    name: 'bytes of keys are compared as signed numbers',
    suite: 'memtable',
    file: order,
    from: 'a.getUint8(aByte) - b.getUint8(bByte)',
    to: 'a.getInt8(aByte) - b.getInt8(bByte)',
  },
  {
    name: 'a shorter key sorts last',
    suite: 'memtable',
    file: order,
    from: 'if (aLength !== bLength) return aLength - bLength;',
    to: 'if (aLength !== bLength) return bLength - aLength;',
  },
  {
    name: 'get says of a deleted key that it knows nothing',
    suite: 'memtable',
    subclass: (MemTable) =>
      class extends MemTable {
        override get(key: Uint8Array, sequence?: Sequence) {
          const found = super.get(key, sequence);
          return found?.type === ValueType.Deletion ? undefined : found;
        }
      },
  },
  {
    name: 'get returns the value under a deletion',
    suite: 'memtable',
    subclass: (MemTable) =>
      class extends MemTable {
        override get(key: Uint8Array, sequence?: Sequence) {
          const cursor = this.iterator();
          for (cursor.seek(key, sequence); cursor.valid && same(cursor.key, key); cursor.next()) {
            if (cursor.type === ValueType.Value) return { type: cursor.type, value: cursor.value };
          }
          return super.get(key, sequence);
        }
      },
  },
  {
    name: 'get sees later writes of the key',
    suite: 'memtable',
    subclass: (MemTable) =>
      class extends MemTable {
        override get(key: Uint8Array) {
          return super.get(key);
        }
      },
  },
  {
    name: 'get answers for the key after the one that it was asked for',
    suite: 'memtable',
    subclass: (MemTable) =>
      class extends MemTable {
        override get(key: Uint8Array, sequence?: Sequence) {
          const cursor = this.iterator();
          cursor.seek(key, sequence);
          return cursor.valid ? { type: cursor.type, value: cursor.value } : undefined;
        }
      },
  },
  {
    name: 'get gives out the bytes in the arena',
    suite: 'memtable',
    subclass: (MemTable) =>
      class extends MemTable {
        override get(key: Uint8Array, sequence?: Sequence) {
          return this.getView(key, sequence);
        }
      },
  },
  {
    name: 'the empty key is lost',
    suite: 'memtable',
    subclass: (MemTable) =>
      class extends MemTable {
        override add(sequence: number, type: ValueType, key: Uint8Array, value?: Uint8Array) {
          if (key.length > 0) super.add(sequence, type, key, value);
        }
      },
  },
  {
    name: 'drop leaves the memory',
    suite: 'memtable',
    subclass: (MemTable) =>
      class extends MemTable {
        override drop() {
          this.freeze();
        }
      },
  },
  {
    name: 'a batch that fails leaves its first entries',
    suite: 'memtable',
    subclass: (MemTable) =>
      class extends MemTable {
        override apply(batch: WriteBatch, sequence: number) {
          for (const operation of batch) {
            super.add(sequence++, operation.type, operation.key, 'value' in operation ? operation.value : undefined);
          }
        }
      },
  },
  {
    name: 'an entry that is refused keeps its memory',
    suite: 'memtable',
    subclass: (MemTable) =>
      class extends MemTable {
        override add(sequence: number, type: ValueType, key: Uint8Array, value?: Uint8Array) {
          try {
            super.add(sequence, type, key, value);
          } catch (error) {
            if (this.state === 'active') this.arena.allocate(2000);
            throw error;
          }
        }
      },
  },
  {
    name: 'a cursor that seeks sees later writes of the key',
    suite: 'memtable',
    subclass: (MemTable) =>
      class extends MemTable {
        override iterator() {
          const cursor = super.iterator();
          const seek = cursor.seek.bind(cursor);
          return Object.assign(cursor, { seek: (key: Uint8Array) => seek(key) });
        }
      },
  },
  {
    name: 'a frozen table takes writes',
    suite: 'memtable',
    file: table,
    from: 'if (this.arena.memory.i32[this.#stateAt] !== TableState.Active) throw this.#notActive();',
    to: 'this.#checkNotDropped();',
  },
  {
    name: 'an attached table is active again',
    suite: 'memtable',
    file: table,
    from: 'const table = new MemTable(options, arena);',
    to: 'arena.memory.i32[line + TableWord.State] = TableState.Active;\n    const table = new MemTable(options, arena);',
  },
  {
    name: 'a varint of 128 takes one byte',
    suite: 'memtable',
    file: 'memtable/src/format/varint.ts',
    from: 'while (value >= 0x80) {',
    to: 'while (value > 0x80) {',
  },
  {
    name: 'sequences from 2^32 on wrap round',
    suite: 'memtable',
    file: 'memtable/src/format/internal-key.ts',
    from: 'return Math.floor(sequence / 0x1000000);',
    to: 'return sequence >>> 24;',
  },
  {
    name: 'a value of whole blocks loses its last byte',
    suite: 'memtable',
    file: 'memtable/src/format/entry.ts',
    from: 'copyBytes(u8, start, value, valueAt, valueLength);',
    to: 'copyBytes(u8, start, value, valueAt, valueLength % 4096 ? valueLength : Math.max(0, valueLength - 1));',
  },
  {
    name: 'a batch with a wrong count is taken',
    suite: 'memtable',
    file: batch,
    from: 'if (found !== count)',
    to: 'if (found > count)',
  },
  {
    name: 'a batch that was cut short is taken',
    suite: 'memtable',
    file: batch,
    from: 'return end <= bytes.length ? end : -1;',
    to: 'return Math.min(end, bytes.length);',
  },
  {
    name: 'memory that grows loses its last bytes',
    suite: 'memtable',
    file: 'arena/src/memory.ts',
    from: 'this.u8.subarray(0, this.i32[TOP])',
    to: 'this.u8.subarray(0, this.i32[TOP] - 2000)',
  },
  {
    name: 'seek steps over an equal key',
    suite: 'ordered index',
    file: skiplist,
    from: 'order.compare(view, inline ? next : i32[next >> 2], bytes, at) < 0',
    to: 'order.compare(view, inline ? next : i32[next >> 2], bytes, at) <= 0',
  },
  {
    name: 'prev skips an entry',
    suite: 'ordered index',
    file: skiplist,
    from: 'this.#node = this.#list.nodeBefore(this.#node);',
    to: `for (let i = 0; i < 2 && this.#node !== NIL; i++) {
      this.#node = this.#list.nodeBefore(this.#node);
    }`,
  },
  {
    name: 'prev repeats the first entry',
    suite: 'ordered index',
    file: skiplist,
    from: 'this.#node = this.#list.nodeBefore(this.#node);',
    to: 'this.#node = this.#list.nodeBefore(this.#node) || this.#node;',
  },
  {
    name: 'the last entry is looked for above the lowest level',
    suite: 'ordered index',
    file: skiplist,
    from: 'for (let level = this.height - 1; level >= 0; level--)',
    to: 'for (let level = this.height - 1; level > 0; level--)',
  },
  {
    name: 'the splice outlives entries that were taken out',
    suite: 'ordered index',
    file: skiplist,
    from: '        at = next;\n      }\n    }\n    this.#forgetPlace();',
    to: '        at = next;\n      }\n    }',
  },
  {
    name: 'the splice is trusted without a look at what follows',
    suite: 'ordered index',
    file: skiplist,
    from: 'return next === NIL || this.order.compare(view, this.entryOf(next), bytes, at) > 0;',
    to: 'return true;',
  },
  {
    name: 'an equal key is taken',
    suite: 'ordered index',
    file: skiplist,
    from: 'if (comparison === 0) equal = true;',
    to: '',
  },
  {
    name: 'towers of more than two levels forget what follows',
    suite: 'ordered index',
    file: skiplist,
    from: 'words[(node >> 2) + offset] = words[link]!;',
    to: 'words[(node >> 2) + offset] = level < 2 ? words[link]! : NIL;',
  },
  {
    name: 'a search at the end of a block finds nothing',
    suite: 'ordered index',
    block: true,
    file: 'skiplist/src/block-skiplist.ts',
    from: 'place[0] = inside ? block : words[(block >> 2) + NEXT];',
    to: 'place[0] = inside ? block : NIL;',
  },
  {
    name: 'the head of a short key has bytes of what follows it',
    suite: 'memtable',
    block: true,
    file: 'skiplist/src/head.ts',
    from: 'if (left >= 4) return bytes.getInt32(at) ^ SIGN;',
    to: 'if (left > 0) return bytes.getInt32(at) ^ SIGN;',
  },
  {
    name: 'a memtable is dropped before the target has resolved',
    suite: 'memtable list',
    file: queue,
    from: 'await this.#write(run, attempt);',
    to: 'this.#write(run, attempt).catch(() => undefined);',
  },
  {
    name: 'a retry writes twice',
    suite: 'memtable list',
    file: queue,
    from: 'if (this.#host.isComplete?.() === false) return true;',
    to: 'if (attempts > 1) return true;',
  },
  {
    name: 'the newest memtable is flushed first',
    suite: 'memtable list',
    file: queue,
    from: 'for (let oldest = this.frozen[0]; oldest !== undefined; oldest = this.frozen[0])',
    to: 'for (let oldest = this.frozen.at(-1); oldest !== undefined; oldest = this.frozen.at(-1))',
  },
  {
    name: 'a write that fails leaves a gap in the sequence',
    suite: 'memtable list',
    file: list,
    from: 'this.#active.apply(batch, this.#lastSequence + 1);\n        this.#lastSequence += batch.count;',
    to: 'this.#lastSequence += batch.count;\n        this.#active.apply(batch, this.#lastSequence + 1 - batch.count);',
  },
  {
    name: 'get asks the oldest memtable first',
    suite: 'memtable list',
    file: list,
    from: 'for (let i = frozen.length - 1; found === undefined && i >= 0; i--)',
    to: 'for (let i = 0; found === undefined && i < frozen.length; i++)',
  },
  {
    name: 'a write that was aborted while it waited is made all the same',
    suite: 'memtable list',
    file: 'memtable/src/write-buffer/admission.ts',
    from: 'this.#remove(waiter);',
    to: 'if (bytes === undefined) this.#remove(waiter);',
  },
  {
    name: 'close resolves though not everything was flushed',
    suite: 'memtable list',
    file: list,
    from: 'this.#queue.refuse(error);\n    throw error;',
    to: 'this.#queue.refuse(error);',
  },
  {
    name: 'flush resolves when the memtable before has been flushed',
    suite: 'memtable list',
    file: queue,
    from: 'this.#waiters[0].sequence <= run.id',
    to: 'this.#waiters[0].sequence <= run.id + 1',
  },
  {
    name: 'a flush that has ended counts as running for a few more microtasks',
    suite: 'memtable list',
    file: queue,
    from: 'this.#isRunning = false; // In the step',
    to: 'for (let tick = 0; tick < 4; tick++) await undefined;\n      this.#isRunning = false; // After the step',
  },
  {
    name: 'flush leaves deletions out',
    suite: 'memtable list',
    file: 'memtable/src/write-buffer/flush-run.ts',
    from: 'for (cursor.seekToFirst(); cursor.valid; cursor.next()) {',
    to: 'for (cursor.seekToFirst(); cursor.valid; cursor.next()) {\n      if (cursor.type === 0) continue;',
  },
  {
    name: 'a batch does not count its deletions',
    suite: 'memtable list',
    file: batch,
    from: 'this.#append(key);\n    this.#count(1);',
    to: 'this.#append(key);',
  },
  {
    name: 'an update writes where its key was before its function used the store',
    suite: 'store',
    file: store,
    from: `const value = fn(before && this.#decodeValue(before));
    const storedValue = value && this.#encodeValue(value);
    this.items = this.#with(this.items, stored, storedValue);`,
    to: `const { at, isThere } = this.#place(this.items, stored);
    const value = fn(before && this.#decodeValue(before));
    const storedValue = value && this.#encodeValue(value);
    this.items = this.items.toSpliced(at, isThere ? 1 : 0, ...(storedValue ? [[stored, storedValue] as const] : []));`,
  },
  {
    name: 'an update loses what its function has written',
    suite: 'store',
    file: store,
    from: 'const value = fn(before && this.#decodeValue(before));',
    to: 'const { items } = this;\n    const value = fn(before && this.#decodeValue(before));\n    this.items = items;',
  },
  {
    name: 'an equal key that is overwritten keeps its old bytes',
    suite: 'store',
    file: store,
    from: '[[key, value] as const]',
    to: '[[isThere ? items[at][0] : key, value] as const]',
  },
  {
    name: 'the bytes of an encoding are kept as they are',
    suite: 'store',
    file: store,
    from: 'new TextEncoder().encode(stored) : stored.slice()',
    to: 'new TextEncoder().encode(stored) : stored',
  },
  {
    name: 'an iterator stays open when something does not decode',
    suite: 'store',
    file: store,
    from: 'this.close();\n      throw error;',
    to: 'throw error;',
  },
  {
    name: 'an iterator stays open when it has reached its limit',
    suite: 'store',
    file: store,
    from: 'if (this.#left === 0) this.close();',
    to: '',
  },
  {
    name: 'a comparator may use the store',
    suite: 'store',
    file: store,
    from: "if (this.#isComparing) throw new ComparatorError('REENTERED');",
    to: '',
  },
  {
    name: 'an answer of a comparator that is no number is taken',
    suite: 'store',
    file: store,
    from: "if (typeof order !== 'number' || Number.isNaN(order)) throw new ComparatorError('INVALID_COMPARATOR');",
    to: '',
  },
];

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
