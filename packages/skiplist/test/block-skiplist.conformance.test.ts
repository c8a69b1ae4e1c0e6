import { orderedIndexConformance } from '@memtable/testing';
import { BlockSkipList } from '../src/index.js';
import { indexHarness } from './harness.js';

describe('BlockSkipList', () => {
  orderedIndexConformance({ describe, it, ...indexHarness((arena, order) => new BlockSkipList(arena, order)) });
});
