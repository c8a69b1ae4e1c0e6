/** Shows a skip list, and how a search goes through it. */
import { NIL } from '@memtable/arena';
import type { EndOf } from '../ordered-index.js';
import type { SkipList, SkipListLayout } from '../skiplist.js';
import type { Comparison } from './recording-order.js';
import { checkTowers } from './verify-skiplist.js';

/**
 * A skip list. Each property of its nodes is a column, a typed array in the order of the entries, so that a million
 * nodes stay cheap: the node of rank `i` has `entries[i]`, `heights[i]` and so on.
 */
export interface SkipListInspection {
  readonly kind: 'skiplist';
  readonly layout: SkipListLayout;
  readonly entryCount: number;
  readonly height: number;
  readonly heightMax: number;
  readonly branching: number;
  /** State of the generator that draws the next height. */
  readonly random: number;
  /**
   * The node before the first one. It has no entry. Its tower has height `heightMax`, and its links start the levels.
   */
  readonly head: {
    readonly node: number;
    readonly towerAddress: number;
    readonly towerBytes: number;
    readonly links: Int32Array;
  };
  readonly nodes: Int32Array;
  /** Address of each node's entry. */
  readonly entries: Int32Array;
  readonly heights: Uint8Array;
  readonly towerAddresses: Int32Array;
  readonly towerBytes: Int32Array;
  /** Where the links of each node start in `links`; one element more for the end. */
  readonly linkStarts: Int32Array;
  /** The node that each link leads to, or 0. The links of a tower are neighbours, level 0 first. */
  readonly links: Int32Array;
}

/**
 * Shows the list. Checks all of it that needs no order.
 * @param endOf - see {@link EndOf}
 * @throws as {@link checkTowers}
 */
export function inspectSkipList(list: SkipList, endOf: EndOf): SkipListInspection {
  const { layout, height, heightMax, branching, random, entryCount, head } = list;
  const nodes = new Int32Array(entryCount);
  const entries = new Int32Array(entryCount);
  const heights = new Uint8Array(entryCount);
  const towerAddresses = new Int32Array(entryCount);
  const towerBytes = new Int32Array(entryCount);
  const linkStarts = new Int32Array(entryCount + 1);
  const links: number[] = [];
  let rank = 0;
  checkTowers(list, endOf, (node, towerHeight) => {
    nodes[rank] = node;
    entries[rank] = list.entryOf(node);
    heights[rank] = towerHeight;
    towerAddresses[rank] = list.towerStartOf(node, towerHeight);
    towerBytes[rank] = list.towerBytesOf(towerHeight);
    for (let level = 0; level < towerHeight; level++) links.push(list.linkOf(node, level));
    linkStarts[++rank] = links.length;
  });
  return {
    kind: 'skiplist',
    layout,
    entryCount,
    height,
    heightMax,
    branching,
    random,
    head: {
      node: head,
      towerAddress: list.towerStartOf(head, heightMax),
      towerBytes: list.towerBytesOf(heightMax),
      links: Int32Array.from({ length: heightMax }, (_, level) => list.linkOf(head, level)),
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

/** One step of a search through a skip list. */
export interface TowerStep {
  readonly level: number;
  /** The node that the search is at, which may be the head. */
  readonly node: number;
  /** The next node on this level, or 0. */
  readonly next: number;
  /**
   * Comparison of the entry of `next` with the key searched for. Below 0 the search goes on to `next`, else one level
   * down. Undefined when nothing was compared: there is no `next`, or the level above has shown that it is greater.
   */
  readonly comparison: number | undefined;
}

/** The steps of a search in a {@link SkipList}. */
export interface SkipListTrace {
  readonly kind: 'skiplist';
  readonly found: number;
  readonly steps: readonly TowerStep[];
}

/** Lets the list search, then walks the same way once more. @param comparisons - the list's order records them there */
export function traceSkipList(
  list: SkipList,
  comparisons: readonly Comparison[],
  bytes: DataView,
  at: number,
): SkipListTrace {
  const found = list.seek(bytes, at);
  const steps: TowerStep[] = [];
  let used = 0;
  let node: number = list.head;
  let greater: number = NIL;
  for (let level = list.height - 1; level >= 0;) {
    const next = list.linkOf(node, level);
    const comparison = next === NIL || next === greater ? undefined : comparisons[used++].comparison;
    steps.push({ level, node, next, comparison });
    if (comparison !== undefined && comparison < 0) node = next;
    else {
      greater = next;
      level--;
    }
  }
  return { kind: 'skiplist', found, steps };
}
