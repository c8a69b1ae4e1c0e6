import { describe, it } from 'node:test';
import { memtableConformance, supportsNothing } from '@memtable/testing';
import { MapMemtable } from './map-memtable.js';

memtableConformance({
  describe,
  it,
  factory: () => new MapMemtable(),
  supports: supportsNothing, // no freeze, no drop, no batches ...: declared, and left out
});
