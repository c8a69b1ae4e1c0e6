import type { MemtableHarness, MemtableListHarness, WriteOperation } from '@memtable/testing';
import * as packageItself from '../src/index.js';
import type { MemTable, MemTableList, MemTableListOptions, MemTableOptions, WriteBatch } from '../src/index.js';

/** This package, or a copy of it with a planted fault. */
export type MemtablePackage = Pick<typeof packageItself, 'MemTable' | 'MemTableList' | 'ValueType' | 'WriteBatch'>;

/** Our memtable for `memtableConformance`. */
export function memTableHarness(
  options: MemTableOptions = {},
  { MemTable, WriteBatch }: MemtablePackage = packageItself,
): MemtableHarness<MemTable> {
  return {
    // Little memory, so that it moves while entries are added. Small blocks, so that small changes show in the usage.
    factory: ({ comparator }) =>
      new MemTable({ reserveBytes: 4096, blockBytes: 1024, ...options, ...(comparator && { comparator }) }),
    supports: {
      backward: true,
      liveCursors: true,
      copies: true,
      duplicates: true,
      wideSequences: true,
      comparators: true,
      entryCount: true,
      state: true,
      memoryUsage: true,
      verify: true,
      freeze: true,
      drop: true,
      batches: (table, batch, sequence) => table.apply(WriteBatch.from(batch), sequence),
      attach: (table, attached) => MemTable.attach(table.arena.memory.buffer.slice(0), attached),
      // A block skip list sets aside the memory of a split beforehand, so only requests of the list itself can fail.
      allocator: (table) => (table.stats().index === 'block' ? table.index : table.arena),
      errorCodes: {
        frozen: 'MEMTABLE_FROZEN',
        dropped: 'MEMTABLE_DROPPED',
        duplicate: 'MEMTABLE_DUPLICATE',
        full: 'MEMTABLE_FULL',
        malformedBatch: 'MEMTABLE_MALFORMED_BATCH',
        reentered: 'MEMTABLE_REENTERED',
        invalidComparator: 'MEMTABLE_INVALID_COMPARATOR',
      },
      comparatorChecks: true,
    },
  };
}

/** Our list for `memtableListConformance`. `options` decide when a memtable is full and when writers wait. */
export function memTableListHarness(
  options: Omit<MemTableListOptions, 'target'>,
  { MemTableList, WriteBatch }: MemtablePackage = packageItself,
): MemtableListHarness<MemTableList> {
  return {
    factory: (given) =>
      new MemTableList({ ...given, blockBytes: 64, reserveBytes: 4096, maxBytes: 8192, flushMsMax: 1000, ...options }),
    supports: {
      write: (list, operations, { signal }) => list.write(batchOf(operations, new WriteBatch()), { signal }),
      admit: {
        wait: (list, { signal }) => list.admit(0, { signal }),
        apply: (list, operations) => list.apply(batchOf(operations, new WriteBatch())),
      },
      remaining: (list) => list.tables().flatMap((table) => [...table]),
      ordered: true,
      timeouts: true,
      comparators: true,
      valueBytesMax: 10_000,
    },
  };
}

function batchOf(operations: readonly WriteOperation[], batch: WriteBatch): WriteBatch {
  for (const operation of operations) {
    if (operation.type === packageItself.ValueType.Value) batch.put(operation.key, operation.value);
    else batch.del(operation.key);
  }
  return batch;
}
