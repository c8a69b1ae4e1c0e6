import { type Arena, Line } from '@memtable/arena';
import { BlockSkipList } from './block-skiplist.js';
import type { Order } from './order.js';
import type { OrderedIndex } from './ordered-index.js';
import { SkipList } from './skiplist.js';

/**
 * The index that lies in an arena, whichever it is.
 * @throws SkipListError `SKIPLIST_MALFORMED` when there is none
 */
export function attachIndex(arena: Arena, order: Order): OrderedIndex {
  // The first word of the line says which class wrote it; each refuses the other's.
  const kind = arena.memory.i32[arena.lineOf(Line.Index)];
  return kind === BlockSkipList.kind ? BlockSkipList.attach(arena, order) : SkipList.attach(arena, order);
}
