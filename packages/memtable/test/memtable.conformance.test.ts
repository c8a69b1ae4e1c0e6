import { memtableConformance } from '@memtable/testing';
import { memTableHarness } from './harness.js';

describe.each([
  { index: 'skiplist' },
  { layout: 'leveldb' },
  { index: 'block' },
  // The memory never has to grow, so each entry is written before its place is found.
  { index: 'block', reserveBytes: 1 << 20 },
] as const)('MemTable %o', (options) => {
  memtableConformance({ describe, it, ...memTableHarness(options) });
});
