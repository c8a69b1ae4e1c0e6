import { ok, strictEqual } from 'node:assert/strict';
import * as arena from '@memtable/arena';
import * as memtable from '@memtable/memtable';
import * as skiplist from '@memtable/skiplist';
import { MemStore } from '@memtable/store';
import { fromBytes, toBytes } from '@memtable/store/bytes';
import { CacheStore } from '@memtable/store/cache';
import { orderedEncoding } from '@memtable/store/ordered';
import * as testing from '@memtable/testing';
import { MemtableLevel } from 'memtable-level';

ok(new arena.Arena().allocate(5) > 0);
ok(skiplist.BlockSkipList);
const store = new MemStore();
store.put('a', '1');
strictEqual(store.get('a'), '1');
strictEqual(new CacheStore().put('a', '1', { ttlMs: 1e6 }).get('a'), '1');
strictEqual(fromBytes(toBytes(store)).get('a'), '1');
strictEqual(new MemStore({ keyEncoding: orderedEncoding() }).put([10], 'x').put([9], 'y').firstKey()[0], 9);
const db = new MemtableLevel();
await db.put('b', '2');
strictEqual(await db.get('b'), '2');
await testing.assertMemtable(
  {
    factory: () => new memtable.MemTable(),
    supports: testing.supportsNothing,
  },
  { numRuns: 3 },
);
console.log('used');
