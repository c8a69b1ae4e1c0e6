/** Shows an index, and how a search goes through it, as plain data for tools. */
import { Arena } from '@memtable/arena';
import { attachIndex } from '../attach-index.js';
import { BlockSkipList } from '../block-skiplist.js';
import type { Order } from '../order.js';
import { type EndOf, nextByte } from '../ordered-index.js';
import type { SkipList } from '../skiplist.js';
import { type BlockListInspection, type BlockListTrace, inspectBlockList, traceBlockList } from './block-skiplist.js';
import { recordingOrder } from './recording-order.js';
import { inspectSkipList, type SkipListInspection, type SkipListTrace, traceSkipList } from './skiplist.js';

export type { EndOf } from '../ordered-index.js';
export type { BlockListInspection, BlockListTrace, BlockStep, IndexBlock } from './block-skiplist.js';
export type { Comparison } from './recording-order.js';
export type { SkipListInspection, SkipListTrace, TowerStep } from './skiplist.js';

/** An index as its buffer has it, of either kind. */
export type IndexInspection = SkipListInspection | BlockListInspection;
/** The steps of a search, in an index of either kind. */
export type SearchTrace = SkipListTrace | BlockListTrace;

/** What {@link inspectIndex} checks beside the links. */
export interface InspectOptions {
  /** Checks each entry before it is shown or compared; see {@link EndOf}. @defaultValue nothing is known of entries */
  readonly endOf?: EndOf;
  /** Checks the order of the entries too. @defaultValue nothing is compared */
  readonly order?: Order;
}

/**
 * Shows the index in a buffer, which may be that of a live arena or a copy. Only reads. The bytes may be damaged in any
 * way: it makes the same checks as `verify()` of the index, but those of the order unless `order` is given. O(bytes).
 * @throws SkipListError `SKIPLIST_MALFORMED`, ArenaError `ARENA_MALFORMED`: what is wrong, and where; what `endOf` and
 * the order throw
 */
export function inspectIndex(
  buffer: ArrayBufferLike,
  { endOf = nextByte, order }: InspectOptions = {},
): IndexInspection {
  const index = attachIndex(Arena.attach(buffer), order ?? NO_ORDER);
  if (order !== undefined) index.verify(endOf);
  const checked = order === undefined ? endOf : nextByte;
  return index instanceof BlockSkipList
    ? inspectBlockList(index, checked)
    : inspectSkipList(index as SkipList, checked);
}

const NO_ORDER: Order = {
  compare: () => {
    throw new Error('inspectIndex() must not compare entries');
  },
};

/**
 * Searches the index of a buffer for the entry at `at` of `bytes`, and shows each step. The index itself searches, and
 * the order records what it is asked, so the comparisons shown are those of a `seek`. Verify bytes that you have not
 * written first: a search follows links as they are.
 * @returns `found` is the first entry not before the one searched for, or 0
 * @throws SkipListError, ArenaError: the buffer holds no index
 */
export function traceSeek(buffer: ArrayBufferLike, order: Order, bytes: DataView, at: number): SearchTrace {
  const { recorder, comparisons } = recordingOrder(order, bytes);
  const index = attachIndex(Arena.attach(buffer), recorder);
  return index instanceof BlockSkipList
    ? traceBlockList(index, comparisons, bytes, at)
    : traceSkipList(index as SkipList, comparisons, bytes, at);
}
