import { describe, it } from 'node:test';
import { memtableConformance, supportsNothing } from '@memtable/testing';
import { MapMemtable } from './map-memtable.js';

memtableConformance({
  describe,
  it,
  factory: () => new MapMemtable(),
  supports: supportsNothing, // neither freeze nor drop nor batches, so the suite leaves their tests out
});
