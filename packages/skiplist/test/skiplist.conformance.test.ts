import { orderedIndexConformance } from '@memtable/testing';
import { SkipList } from '../src/index.js';
import { indexHarness } from './harness.js';

describe.each(['compact', 'leveldb'] as const)('SkipList, %s', (layout) => {
  orderedIndexConformance({
    describe,
    it,
    ...indexHarness((arena, order) => new SkipList(arena, order, { layout })),
  });
});
