/** What an index looks like in its buffer, and how a search goes through it: plain data, for tools. */
import { type Addr, Arena, Line, NIL, SUPERBLOCK_BYTES } from '@memtable/arena';
import { attachIndex } from './attach-index.js';
import { BlockSkipList, type IndexBlock } from './block-skiplist.js';
import { SkipListError } from './errors.js';
import type { Order } from './order.js';
import { HEIGHT_MAX, type SkipList, type SkipListLayout, Word } from './skiplist.js';

export type { IndexBlock } from './block-skiplist.js';

/**
 * A skip list. What there is of every node is a column, a typed array in the order of the entries, so that a million of
 * them stay cheap: the node of rank `i` has `entries[i]`, `heights[i]` and so on.
 */
export interface SkipListInspection {
  readonly kind: 'skiplist';
  readonly layout: SkipListLayout;
  readonly entryCount: number;
  readonly height: number;
  readonly heightMax: number;
  readonly branching: number;
  /** State of the generator that the next height is drawn from. */
  readonly random: number;
  /** The node before the first one: it has no entry, a tower of `heightMax`, and its links start each level. */
  readonly head: {
    readonly node: number;
    readonly towerAddress: number;
    readonly towerBytes: number;
    readonly links: Int32Array;
  };
  readonly nodes: Int32Array;
  /** Where the entry of each node lies. */
  readonly entries: Int32Array;
  readonly heights: Uint8Array;
  readonly towerAddresses: Int32Array;
  readonly towerBytes: Int32Array;
  /** Where the links of each node start in `links`, and one more for the end. */
  readonly linkStarts: Int32Array;
  /** The node that each link leads to, or 0; those of one tower together, level 0 first. */
  readonly links: Int32Array;
}

/** A skip list of blocks. */
export interface BlockListInspection {
  readonly kind: 'block';
  readonly entryCount: number;
  readonly height: number;
  /** Level 0 first, each from left to right; the highest one has one block. */
  readonly levels: readonly (readonly IndexBlock[])[];
  /** The entries of level 0 in their order. */
  readonly entries: Int32Array;
  /** Blocks side by side that have been taken from the arena and wait for their use. */
  readonly spare: { readonly address: number; readonly bytes: number };
}

export type IndexInspection = SkipListInspection | BlockListInspection;

/**
 * Looks at the index in a buffer: of a live arena or of a copy. Reads only, follows no link before it has been checked,
 * asks no order. O(entries).
 * @throws SkipListError `SKIPLIST_MALFORMED`, ArenaError `ARENA_MALFORMED`: what is wrong, and where
 */
export function inspectIndex(buffer: ArrayBufferLike): IndexInspection {
  const arena = Arena.attach(buffer);
  if (arena.memory.shared) arena.verify(); // Which attaching has done for any other.
  const index = attachIndex(arena, NO_ORDER);
  return index instanceof BlockSkipList ? inspectBlockList(index) : inspectSkipList(index as SkipList);
}

const NO_ORDER: Order = {
  compare: () => {
    throw new Error('nothing is compared while an index is inspected');
  },
};

function inspectSkipList(list: SkipList): SkipListInspection {
  const { arena, layout, height } = list;
  const { i32: words, usedBytes } = arena.memory;
  const line = arena.lineOf(Line.Index);
  const heightMax = words[line + Word.HeightMax];
  if (!(heightMax >= 1 && heightMax <= HEIGHT_MAX && height >= 1 && height <= heightMax)) {
    malformed(`S3: a height of ${height}, of ${heightMax} levels`);
  }
  const entryCount = checkCount(list.entryCount, usedBytes);
  const alignment = layout === 'compact' ? 4 : 8;
  /** @returns the address, if a tower of this height fits there */
  const checked = (node: number, towerHeight: number): number => {
    const start = list.towerStartOf(node, towerHeight);
    if (node % alignment !== 0 || start < SUPERBLOCK_BYTES || start + list.towerBytesOf(towerHeight) > usedBytes) {
      malformed(`S4: a link to ${node}, no place for a tower of height ${towerHeight}`);
    }
    return node;
  };

  const head = checked(list.head, heightMax);
  const nodes = new Int32Array(entryCount);
  const entries = new Int32Array(entryCount);
  const heights = new Uint8Array(entryCount);
  const towerAddresses = new Int32Array(entryCount);
  const towerBytes = new Int32Array(entryCount);
  const linkStarts = new Int32Array(entryCount + 1);
  const links: number[] = [];
  /** The node that comes next on each level. */
  const nexts = Array.from({ length: heightMax }, (_, level) => list.linkOf(head, level) as number);
  const headLinks = Int32Array.from(nexts);
  let rank = 0;
  for (let node = nexts[0]; node !== NIL; node = nexts[0], rank++) {
    if (rank === entryCount) malformed(`S1: more entries on level 0 than the ${entryCount} counted`);
    let towerHeight = 0;
    while (towerHeight < heightMax && nexts[towerHeight] === node) {
      checked(node, towerHeight + 1);
      nexts[towerHeight] = list.linkOf(node, towerHeight);
      links.push(nexts[towerHeight]);
      towerHeight++;
    }
    nodes[rank] = node;
    entries[rank] = list.entryOf(node as Addr);
    heights[rank] = towerHeight;
    towerAddresses[rank] = list.towerStartOf(node, towerHeight);
    towerBytes[rank] = list.towerBytesOf(towerHeight);
    linkStarts[rank + 1] = links.length;
  }
  if (rank !== entryCount) malformed(`S1: ${rank} entries on level 0, ${entryCount} counted`);
  const missed = nexts.findIndex((node) => node !== NIL);
  if (missed !== -1) malformed(`S2: the node at ${nexts[missed]} is on level ${missed}, not where level 0 has it`);
  return {
    kind: 'skiplist',
    layout,
    entryCount,
    height,
    heightMax,
    branching: words[line + Word.Branching],
    random: words[line + Word.Random],
    head: {
      node: head,
      towerAddress: list.towerStartOf(head, heightMax),
      towerBytes: list.towerBytesOf(heightMax),
      links: headLinks,
    },
    nodes,
    entries,
    heights,
    towerAddresses,
    towerBytes,
    linkStarts,
    links: Int32Array.from(links),
  };
}

function inspectBlockList(list: BlockSkipList): BlockListInspection {
  const { usedBytes } = list.arena.memory;
  const { height } = list;
  if (!(height >= 1 && height <= HEIGHT_MAX)) malformed(`B3: a height of ${height}`);
  const entryCount = checkCount(list.entryCount, usedBytes);
  const levels: IndexBlock[][] = [];
  // From the root down: the blocks of a level are those that the level above lists, in that order.
  let listed: Int32Array = Int32Array.of(list.root);
  let found = 0;
  for (let level = height - 1; level >= 0; level--) {
    const blocks: IndexBlock[] = [];
    for (const [i, address] of listed.entries()) {
      if (address % 4 !== 0 || address < SUPERBLOCK_BYTES) malformed(`B2: a block at ${address} on level ${level}`);
      const block = list.readBlock(address, level);
      if (address + block.bytes > usedBytes) malformed(`B2: a block at ${address} ends beyond ${usedBytes}`);
      const { slotCount, slotMax } = block;
      if (slotCount < (height === 1 ? 0 : 1) || slotCount > slotMax) {
        malformed(`B2: ${slotCount} of ${slotMax} slots in the block at ${address}`);
      }
      if (block.previous !== (listed[i - 1] ?? NIL) || block.next !== (listed[i + 1] ?? NIL)) {
        malformed(`B3: the block at ${address} has other neighbours than the level above says`);
      }
      blocks.push(block);
      found += level === 0 ? slotCount : 0;
    }
    levels.unshift(blocks);
    if (level > 0) listed = concat(blocks.map(({ children }) => children));
    if (listed.length > usedBytes / 4) malformed(`B3: ${listed.length} blocks on level ${level - 1}`);
  }
  if (found !== entryCount) malformed(`B1: ${found} entries on level 0, ${entryCount} counted`);
  const { spare } = list;
  if (spare.bytes < 0 || spare.address + spare.bytes > usedBytes) {
    malformed(`B6: ${spare.bytes} bytes of spare blocks at ${spare.address}`);
  }
  const entries = concat(levels[0].map(({ entries }) => entries));
  return { kind: 'block', entryCount, height, levels, entries, spare };
}

/** What a search did at one place of a skip list. */
export interface TowerStep {
  readonly level: number;
  /** The node that it stood on, which may be the head. */
  readonly node: number;
  /** The node that the link of this level leads to, or 0. */
  readonly next: number;
  /**
   * The order of the entry of `next` and the key that is looked for: below 0 it goes on to `next`, else one level down.
   * Undefined when nothing was compared: there is no `next`, or it is known to be greater from the level above.
   */
  readonly comparison: number | undefined;
}

/** What a search did in one block of a block list. */
export interface BlockStep {
  readonly level: number;
  readonly block: number;
  /** The slot that it left by: the way down, or on level 0 the first entry that is not before the key. */
  readonly slot: number;
  readonly prefixBytes: number;
  /** The head that the key has in this block; undefined for an order that knows no heads. */
  readonly head: number | undefined;
  /** Whole comparisons with entries of the block, because their heads are equal. */
  readonly comparisons: readonly { readonly entry: number; readonly comparison: number }[];
}

export type SearchTrace =
  | { readonly kind: 'skiplist'; readonly found: number; readonly steps: readonly TowerStep[] }
  | {
      readonly kind: 'block';
      readonly found: number;
      readonly steps: readonly BlockStep[];
      /** Comparisons that showed that the key lies before or after all entries, so that no block was searched. */
      readonly outside: readonly { readonly entry: number; readonly comparison: number }[];
    };

/**
 * Lets the index of a buffer look for the entry at `at` of `bytes`, and says step by step what it did. The index does the
 * searching, its order is listened to; so these are the comparisons that a `seek` makes.
 * @returns `found` is the first entry that is not before the one looked for, or 0
 * @throws what {@link inspectIndex} throws
 */
export function traceSeek(buffer: ArrayBufferLike, order: Order, bytes: DataView, at: number): SearchTrace {
  const { order: listening, heard } = listenTo(order, bytes);
  const index = attachIndex(Arena.attach(buffer), listening);
  if (index instanceof BlockSkipList) {
    const knowsHeads = order.keyStart !== undefined;
    const steps: BlockStep[] = [];
    for (const { level, block, slot, head } of index.path(bytes, at)) {
      steps.push({
        level,
        block,
        slot,
        prefixBytes: index.readBlock(block, level).prefixBytes,
        head: knowsHeads ? head : undefined,
        comparisons: heard.splice(0),
      });
    }
    // What nobody has taken told that the key lies outside.
    const outside = heard.splice(0);
    return { kind: 'block', found: index.seek(bytes, at), steps, outside };
  }
  const list = index as SkipList;
  const found = list.seek(bytes, at);
  const steps: TowerStep[] = [];
  let used = 0;
  let node: number = list.head;
  let greater: number = NIL;
  for (let level = list.height - 1; level >= 0;) {
    const next = list.linkOf(node, level);
    const comparison = next === NIL || next === greater ? undefined : heard[used++].comparison;
    steps.push({ level, node, next, comparison });
    if (comparison !== undefined && comparison < 0) node = next;
    else {
      greater = next;
      level--;
    }
  }
  return { kind: 'skiplist', found, steps };
}

/** An order that answers like another one, and writes down what it is asked about the key in `scratch`. */
function listenTo(order: Order, scratch: DataView): { order: Order; heard: { entry: number; comparison: number }[] } {
  const heard: { entry: number; comparison: number }[] = [];
  const listening: Order = {
    compare(a, aAt, b, bAt) {
      const result = order.compare(a, aAt, b, bAt);
      // Either may be the one that is looked for; what is told is where the entry stands.
      heard.push(b === scratch ? { entry: aAt, comparison: result } : { entry: bAt, comparison: -result });
      return result;
    },
  };
  if (order.keyStart !== undefined && order.keyLength !== undefined) {
    listening.keyStart = (...where) => order.keyStart!(...where);
    listening.keyLength = (...where) => order.keyLength!(...where);
  }
  return { order: listening, heard };
}

/** Every entry has a byte or more of its own, so a count beyond that cannot be right; it would make huge columns. */
function checkCount(entryCount: number, usedBytes: number): number {
  if (entryCount < 0 || entryCount > usedBytes) malformed(`${entryCount} entries counted, in ${usedBytes} bytes`);
  return entryCount;
}

function concat(parts: readonly Int32Array[]): Int32Array {
  const whole = new Int32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function malformed(message: string): never {
  throw new SkipListError('SKIPLIST_MALFORMED', message);
}
