const { strictEqual } = require('node:assert/strict');
require('@memtable/arena');
require('@memtable/skiplist');
require('@memtable/testing');
const { MemStore } = require('@memtable/store');
const { MemtableLevel } = require('memtable-level');

const store = new MemStore();
store.put('a', '1');
strictEqual(store.get('a'), '1');
new MemtableLevel()
  .put('b', '2')
  .then(() => import('@memtable/store'))
  .then((imported) => {
    // require() and import give one copy, where require() can load ES modules.
    strictEqual(imported.MemStore === MemStore, process.features.require_module === true);
    console.log('used');
  });
