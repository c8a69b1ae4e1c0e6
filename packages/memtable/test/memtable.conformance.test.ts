import { memtableConformance } from '@memtable/testing';
import { memTableHarness } from './harness.js';

describe.each([{ index: 'skiplist' }, { layout: 'leveldb' }, { index: 'block' }] as const)('MemTable %o', (options) => {
  memtableConformance({ describe, it, ...memTableHarness(options) });
});
