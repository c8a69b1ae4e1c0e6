/** Shows an index, and how a search goes through it, as plain data for tools. */
import { Arena } from '@memtable/arena';
import { attachIndex } from '../attach-index.js';
import { BlockSkipList } from '../block-skiplist.js';
import { malformed } from '../errors.js';
import type { Order } from '../order.js';
import type { SkipList } from '../skiplist.js';
import { type BlockListInspection, type BlockListTrace, inspectBlockList, traceBlockList } from './block-skiplist.js';
import { recordingOrder } from './recording-order.js';
import { inspectSkipList, type SkipListInspection, type SkipListTrace, traceSkipList } from './skiplist.js';

export type { BlockListInspection, BlockListTrace, BlockStep, IndexBlock } from './block-skiplist.js';
export type { Comparison } from './recording-order.js';
export type { SkipListInspection, SkipListTrace, TowerStep } from './skiplist.js';

/** An index as its buffer has it, of either kind. */
export type IndexInspection = SkipListInspection | BlockListInspection;
/** The steps of a search, in an index of either kind. */
export type SearchTrace = SkipListTrace | BlockListTrace;

/**
 * Shows the index in a buffer, which may be that of a live arena or a copy. Only reads. Checks each link before
 * following it, so damaged bytes are safe. Calls no order. O(entries).
 * @throws SkipListError `SKIPLIST_MALFORMED`, ArenaError `ARENA_MALFORMED`: what is wrong, and where
 */
export function inspectIndex(buffer: ArrayBufferLike): IndexInspection {
  const arena = Arena.attach(buffer);
  if (arena.memory.shared) arena.verify(); // For any other memory, attaching has verified it.
  const index = attachIndex(arena, NO_ORDER);
  const { entryCount } = index;
  const { usedBytes } = arena.memory;
  // An entry takes at least a byte. A count beyond that would make huge columns.
  if (entryCount < 0 || entryCount > usedBytes) malformed(`${entryCount} entries counted, in ${usedBytes} bytes`);
  return index instanceof BlockSkipList ? inspectBlockList(index) : inspectSkipList(index as SkipList);
}

const NO_ORDER: Order = {
  compare: () => {
    throw new Error('inspectIndex() must not compare entries');
  },
};

/**
 * Searches the index of a buffer for the entry at `at` of `bytes`, and shows each step. The index itself searches, and
 * the order records what it is asked, so the comparisons shown are those of a `seek`.
 * @returns `found` is the first entry not before the one searched for, or 0
 * @throws as {@link inspectIndex}
 */
export function traceSeek(buffer: ArrayBufferLike, order: Order, bytes: DataView, at: number): SearchTrace {
  const { recorder, comparisons } = recordingOrder(order, bytes);
  const index = attachIndex(Arena.attach(buffer), recorder);
  return index instanceof BlockSkipList
    ? traceBlockList(index, comparisons, bytes, at)
    : traceSkipList(index as SkipList, comparisons, bytes, at);
}
