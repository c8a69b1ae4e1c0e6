import { memtableConformance } from '@memtable/testing';
import { memTableHarness } from './harness.js';

describe.each([
  { index: 'skiplist' },
  { layout: 'leveldb' },
  { index: 'block' },
  // Room for all: entries are written before their place is found.
  { index: 'block', reserveBytes: 1 << 20 },
] as const)('MemTable %o', (options) => {
  memtableConformance({ describe, it, ...memTableHarness(options) });
});
