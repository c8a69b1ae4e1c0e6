/** Shows a block skip list, and how a search goes through it. */
import { addressesOf, BlockLayout, BlockWord, entryBelow } from '../block-layout.js';
import type { BlockSkipList } from '../block-skiplist.js';
import { headAt } from '../head.js';
import type { EndOf } from '../ordered-index.js';
import { slotsOf } from './block-levels.js';
import type { Comparison } from './recording-order.js';
import { checkBlockList } from './verify-block-skiplist.js';

const { NEXT, PREV, COUNT, PREFIX, HEADS, ADDRESSES, SLOTS, BLOCK_BYTES } = BlockLayout;

/** A block of a block skip list as plain data, copied. */
export interface IndexBlock {
  readonly address: number;
  readonly bytes: number;
  readonly level: number;
  /** The next block on its level, or 0. */
  readonly next: number;
  /** The block before it on its level, or 0. */
  readonly previous: number;
  /** Slots in use. */
  readonly slotCount: number;
  /** Slots that a block has. */
  readonly slotMax: number;
  /** Bytes at the start of its keys that its heads leave out. */
  readonly prefixBytes: number;
  /** The first entry below each slot. */
  readonly entries: Int32Array;
  readonly heads: Int32Array;
  /** The block below each slot; none on level 0. */
  readonly children: Int32Array;
}

/** A block skip list. */
export interface BlockListInspection {
  readonly kind: 'block';
  readonly entryCount: number;
  readonly height: number;
  /** The blocks of each level from left to right, level 0 first. The highest level has one block. */
  readonly levels: readonly (readonly IndexBlock[])[];
  /** The entries of level 0 in their order. */
  readonly entries: Int32Array;
  /** Blocks that the list has allocated and not used yet, side by side. */
  readonly spare: { readonly address: number; readonly bytes: number };
}

/**
 * Shows the list. Checks all of it that needs no order.
 * @param endOf - see {@link EndOf}
 * @throws as {@link checkBlockList}
 */
export function inspectBlockList(list: BlockSkipList, endOf: EndOf): BlockListInspection {
  const words = list.arena.memory.i32;
  const { entryCount, height, spare } = list;
  const addresses = checkBlockList(list, endOf);
  const levels = addresses.map((blocks, level) => Array.from(blocks, (block) => readBlock(words, block, level)));
  const entries = slotsOf(words, addresses[0], entryCount);
  return { kind: 'block', entryCount, height, levels, entries, spare };
}

/** Copies a block. */
function readBlock(words: Int32Array, address: number, level: number): IndexBlock {
  const word = address >> 2;
  const addresses = addressesOf(words, address);
  return {
    address,
    bytes: BLOCK_BYTES,
    level,
    next: words[word + NEXT],
    previous: words[word + PREV],
    slotCount: words[word + COUNT],
    slotMax: SLOTS,
    prefixBytes: words[word + PREFIX],
    entries: Int32Array.from(addresses, (each) => entryBelow(words, each, level)),
    heads: Int32Array.from(addresses, (_, slot) => words[word + HEADS + 2 * slot]),
    children: Int32Array.from(level === 0 ? [] : addresses),
  };
}

/** What a search does in one block. */
export interface BlockStep {
  readonly level: number;
  readonly block: number;
  /** The slot that it takes: the way down, or on level 0 the first entry not before the key. */
  readonly slot: number;
  readonly prefixBytes: number;
  /** The head of the key in this block; undefined for an order without heads. */
  readonly head: number | undefined;
  /** Comparisons of whole keys with entries of the block, whose heads equal the key's. */
  readonly comparisons: readonly Comparison[];
}

/** The steps of a search in a {@link BlockSkipList}. */
export interface BlockListTrace {
  readonly kind: 'block';
  readonly found: number;
  readonly steps: readonly BlockStep[];
  /** Comparisons that showed that the key lies before or after all entries, so that no block was searched. */
  readonly outside: readonly Comparison[];
}

/**
 * Walks the way of a seek from the root down. The list itself searches slots with equal heads.
 * @param comparisons - the list's order records its comparisons there; the trace takes them out
 */
export function traceBlockList(
  list: BlockSkipList,
  comparisons: Comparison[],
  bytes: DataView,
  at: number,
): BlockListTrace {
  const words = list.arena.memory.i32;
  const keyStart = list.keys.keyStart(bytes, at);
  const keyLength = list.keys.keyLength(bytes, at);
  const hasHeads = list.order.keyStart !== undefined;
  const steps: BlockStep[] = [];
  const isOutside = list.isOutside(bytes, at);
  const outside = comparisons.splice(0);
  let block = words[list.line + BlockWord.Root];
  for (let level = isOutside ? -1 : list.height - 1; level >= 0; level--) {
    const word = block >> 2;
    const count = words[word + COUNT];
    const prefixBytes = words[word + PREFIX];
    const head = headAt(bytes, keyStart + prefixBytes, keyLength - prefixBytes);
    let slot = level > 0 ? 1 : 0;
    while (slot < count && words[word + HEADS + 2 * slot] < head) slot++;
    if (slot < count && words[word + HEADS + 2 * slot] === head) {
      slot = list.searchEqual(block, level, slot, head, bytes, at);
    }
    if (level > 0) slot--;
    steps.push({
      level,
      block,
      slot,
      prefixBytes,
      head: hasHeads ? head : undefined,
      comparisons: comparisons.splice(0),
    });
    block = words[word + ADDRESSES + 2 * slot];
  }
  return { kind: 'block', found: list.seek(bytes, at), steps, outside };
}
