import type { DataSet } from '../data-set.js';
import type { ContenderKind } from './contender.js';
import { functionalRedBlackTree } from './functional-red-black-tree.js';
import { jsSdsl } from './js-sdsl.js';
import { classicLevel, memoryLevel, memtableLevel } from './level.js';
import { limit } from './limit.js';
import { lmdb } from './lmdb.js';
import { mapSorted } from './map-sorted.js';
import { memStore } from './mem-store.js';
import { memtables } from './memtable.js';
import { properSkipList } from './proper-skip-list.js';
import { sortedBTrees } from './sorted-btree.js';

/** The contender that all others are compared with: the fastest one that takes the keys and values of the data set. */
export function oursOf({ values }: Pick<DataSet, 'values'>): 'memtable-block' | 'mem-store' {
  return values === 'text' ? 'mem-store' : 'memtable-block';
}

export const CONTENDERS: readonly ContenderKind[] = [
  ...memtables,
  memStore,
  memtableLevel,
  ...sortedBTrees,
  jsSdsl,
  functionalRedBlackTree,
  memoryLevel,
  properSkipList,
  classicLevel,
  lmdb,
  mapSorted,
  limit,
];

export function contenderOf(name: string): ContenderKind {
  const kind = CONTENDERS.find((contender) => contender.name === name);
  if (kind === undefined) throw new Error(`there is no contender ${name}`);
  return kind;
}
