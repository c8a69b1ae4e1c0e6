/** Checks the bytes of a skip list. skiplist.ts lists the invariants. */
import { type Addr, NIL, SUPERBLOCK_BYTES } from '@memtable/arena';
import { malformed } from '../errors.js';
import type { EndOf, OrderedIndex } from '../ordered-index.js';
import { Claims } from './claims.js';

/** The parts of a skip list that are checked. */
export interface Towers extends Pick<OrderedIndex, 'arena' | 'order' | 'entryCount' | 'height' | 'entryOf'> {
  readonly layout: 'compact' | 'leveldb';
  readonly branching: number;
  readonly random: number;
  readonly heightMax: number;
  /** The node before the first one. */
  readonly head: Addr;
  /** Address of a node's tower. */
  towerStartOf(node: number, height: number): number;
  /** Bytes of a tower. */
  towerBytesOf(height: number): number;
  /** The node after `node` on a level, or NIL. */
  linkOf(node: number, level: number): Addr;
  /** The first node not before the entry at `at` of `bytes`, or NIL. */
  seekNode(bytes: DataView, at: number): Addr;
}

/** Most levels of a list. */
const HEIGHT_MAX = 12;

/**
 * Checks the words of the superblock, as far as they alone tell. Another thread may be inserting. O(1).
 * @throws SkipListError `SKIPLIST_MALFORMED`
 */
export function checkTowerWords(list: Towers): void {
  const { height, heightMax, entryCount, branching, random } = list;
  const { usedBytes } = list.arena.memory;
  if (!(heightMax >= 1 && heightMax <= HEIGHT_MAX && height >= 1 && height <= heightMax)) {
    malformed(`S3: a height of ${height}, of ${heightMax} levels`);
  }
  if (entryCount < 0 || entryCount > usedBytes) malformed(`S1: ${entryCount} entries counted in ${usedBytes} bytes`);
  if (!(branching >= 2 && branching <= 64 && (branching & (branching - 1)) === 0)) {
    malformed(`S6: one in ${branching} nodes goes up`);
  }
  if (random < 1 || random >= 0x7fffffff) malformed(`S6: a generator cannot be in the state ${random}`);
  checkTower(list, list.head, heightMax);
}

/** Checks that a tower of this height can be at a node (S4). */
function checkTower(list: Towers, node: number, height: number): void {
  const { usedBytes } = list.arena.memory;
  const start = list.towerStartOf(node, height);
  const alignment = list.layout === 'compact' ? 4 : 8;
  if (node % alignment !== 0 || start < SUPERBLOCK_BYTES || start + list.towerBytesOf(height) > usedBytes) {
    malformed(`S4: a link to ${node}, where no tower of height ${height} fits`);
  }
}

/**
 * Checks the arena, and all of S1 to S6 that needs no order: that towers and entries lie in the arena's used bytes, and
 * none in another. Checks each link before following it. Every node claims its bytes, so none is met twice and a ring
 * ends at once. O(bytes).
 * @param endOf - see {@link EndOf}
 * @param visit - called for each node in the order of level 0
 * @throws SkipListError `SKIPLIST_MALFORMED`, ArenaError; what `endOf` throws
 */
export function checkTowers(list: Towers, endOf: EndOf, visit: (node: Addr, height: number) => void): void {
  const { arena, height, heightMax, entryCount, head } = list;
  arena.verify();
  checkTowerWords(list);
  const claims = new Claims(arena);
  claimNode(list, claims, head, heightMax, undefined);
  for (let level = height; level < heightMax; level++) {
    if (list.linkOf(head, level) !== NIL) malformed(`S3: level ${level} is in use, the height is ${height}`);
  }
  // The next node on each level. The walk along level 0 has to meet it.
  const nexts: Addr[] = [];
  for (let level = 0; level < height; level++) nexts.push(list.linkOf(head, level));
  let count = 0;
  for (let node = nexts[0]; node !== NIL; node = nexts[0]) {
    if (count === entryCount) malformed(`S1: more entries on level 0 than the ${entryCount} counted`);
    count++;
    let towerHeight = 0;
    while (towerHeight < height && nexts[towerHeight] === node) {
      checkTower(list, node, towerHeight + 1);
      nexts[towerHeight] = list.linkOf(node, towerHeight);
      towerHeight++;
    }
    claimNode(list, claims, node, towerHeight, endOf);
    visit(node, towerHeight);
  }
  if (count !== entryCount) malformed(`S1: ${count} entries on level 0, ${entryCount} counted`);
  const missed = nexts.findIndex((node) => node !== NIL);
  if (missed !== -1) {
    malformed(`S2: the node at ${nexts[missed]} is on level ${missed}, but not in its place on level 0`);
  }
}

/** Claims the tower of a node, and its entry if it has one. */
function claimNode(list: Towers, claims: Claims, node: Addr, height: number, endOf: EndOf | undefined): void {
  const start = list.towerStartOf(node, height);
  const towerEnd = start + list.towerBytesOf(height);
  if (!claims.claim(start, towerEnd)) malformed(`S4: the tower at ${start} has bytes of something else`);
  if (endOf === undefined) return;
  const entry = list.entryOf(node);
  if (!claims.isUnclaimed(entry)) malformed(`S4: no entry can be at ${entry}, that of the node at ${node}`);
  const end = endOf(entry);
  if (!claims.claim(entry, end)) malformed(`S4: the entry at ${entry} up to ${end} has bytes of something else`);
}

/**
 * Checks S1 to S6. O(bytes), and O(log n) more for each entry when the order is not by bytes.
 * @throws as {@link checkTowers}; what the order throws
 */
export function verifySkipList(list: Towers, endOf: EndOf): void {
  const { order } = list;
  const { view } = list.arena.memory;
  const isByBytes = order.keyStart !== undefined;
  let previous = NIL;
  checkTowers(list, endOf, (node) => {
    const entry = list.entryOf(node);
    if (previous !== NIL && !(order.compare(view, previous, view, entry) < 0)) {
      malformed(`S1: the entry at ${entry} does not come after the one at ${previous}`);
    }
    if (!isByBytes && previous !== NIL && !(order.compare(view, entry, view, previous) > 0)) {
      malformed(`S5: the order contradicts itself about the entries at ${previous} and ${entry}`);
    }
    previous = entry;
  });
  if (!isByBytes) checkSearches(list);
}

/** Checks that a search for each entry finds it. Needs sound links: a search along others might not end. */
function checkSearches(list: Towers): void {
  const { view } = list.arena.memory;
  for (let node = list.linkOf(list.head, 0); node !== NIL; node = list.linkOf(node, 0)) {
    const found = list.seekNode(view, list.entryOf(node));
    if (found !== node) {
      malformed(`S5: a search for the node at ${node} ends at ${found}: the order contradicts itself`);
    }
  }
}
