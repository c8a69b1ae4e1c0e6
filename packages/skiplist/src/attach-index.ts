import { type Arena, Line } from '@memtable/arena';
import { BlockSkipList } from './block-skiplist.js';
import type { Order } from './order.js';
import type { OrderedIndex } from './ordered-index.js';
import { SkipList } from './skiplist.js';

/**
 * Takes the index that an arena holds, of whichever class. Only its kind is checked; `verify()` checks the rest.
 * @throws SkipListError `SKIPLIST_MALFORMED` when the arena holds none
 */
export function attachIndex(arena: Arena, order: Order): OrderedIndex {
  // The first word of the line names the class that wrote it.
  const kind = arena.memory.i32[arena.lineOf(Line.Index)];
  return kind === BlockSkipList.kind ? BlockSkipList.attach(arena, order) : SkipList.attach(arena, order);
}
