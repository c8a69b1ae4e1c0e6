import { writeBufferConformance } from '@memtable/testing';
import { writeBufferHarness } from './harness.js';

describe.each([1, 1000, 20_000])('MemStore with a target, its buffer full at %i bytes', (writeBufferBytes) => {
  writeBufferConformance({ describe, it, numRuns: 100, ...writeBufferHarness({ writeBufferBytes }) });
});
