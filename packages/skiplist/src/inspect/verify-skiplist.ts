/** Checks the bytes of a skip list. skiplist.ts lists the invariants. */
import { type Addr, NIL } from '@memtable/arena';
import { malformed } from '../errors.js';
import type { OrderedIndex } from '../ordered-index.js';

/** The parts of a skip list that are checked. */
export interface Towers extends Pick<OrderedIndex, 'arena' | 'order' | 'entryCount' | 'height' | 'entryOf'> {
  readonly layout: 'compact' | 'leveldb';
  readonly heightMax: number;
  /** The node before the first one. */
  readonly head: Addr;
  /** The node after `node` on a level, or NIL. */
  linkOf(node: number, level: number): Addr;
  /** The first node not before the entry at `at` of `bytes`, or NIL. */
  seekNode(bytes: DataView, at: number): Addr;
}

/**
 * Checks S1 to S5. O(entries), and O(log n) more for each when the order is not by bytes.
 * @throws SkipListError `SKIPLIST_MALFORMED` with the invariant and the place
 */
export function verifySkipList(list: Towers): void {
  const { order, height, entryCount } = list;
  const { view, usedBytes } = list.arena.memory;
  const alignment = list.layout === 'compact' ? 4 : 8;
  const isByBytes = order.keyStart !== undefined;
  for (let level = height; level < list.heightMax; level++) {
    if (list.linkOf(list.head, level) !== NIL) malformed(`S3: level ${level} is in use, the height is ${height}`);
  }
  // The next node on each level above 0. The walk along level 0 has to meet it.
  const expected: number[] = [];
  for (let level = 1; level < height; level++) expected[level] = list.linkOf(list.head, level);
  let count = 0;
  let previous = NIL;
  for (let node = list.linkOf(list.head, 0); node !== NIL; node = list.linkOf(node, 0)) {
    if (node % alignment !== 0 || node < 0 || node >= usedBytes) malformed(`S4: a link to ${node}`);
    const entry = list.entryOf(node);
    if (previous !== NIL && !(order.compare(view, previous, view, entry) < 0)) {
      malformed(`S1: the entry at ${entry} does not come after the one at ${previous}`);
    }
    if (!isByBytes && previous !== NIL && !(order.compare(view, entry, view, previous) > 0)) {
      malformed(`S5: the order contradicts itself about the entries at ${previous} and ${entry}`);
    }
    previous = entry;
    count++;
    if (count > entryCount) break; // A ring would never end.
    for (let level = 1; level < height && expected[level] === node; level++) {
      expected[level] = list.linkOf(node, level);
    }
  }
  if (count !== entryCount) malformed(`S1: ${count} entries or more on level 0, ${entryCount} counted`);
  const missed = expected.findIndex((node) => node !== undefined && node !== NIL);
  if (missed !== -1) {
    malformed(`S2: the node at ${expected[missed]} is on level ${missed}, but not in its place on level 0`);
  }
  if (!isByBytes) verifySearches(list);
}

/** Checks that a search for each entry finds it. Needs sound links: a search along others might not end. */
function verifySearches(list: Towers): void {
  const { view } = list.arena.memory;
  for (let node = list.linkOf(list.head, 0); node !== NIL; node = list.linkOf(node, 0)) {
    const found = list.seekNode(view, list.entryOf(node));
    if (found !== node) {
      malformed(`S5: a search for the node at ${node} ends at ${found}: the order contradicts itself`);
    }
  }
}
