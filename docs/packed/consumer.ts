/** Uses every public package as a stranger's TypeScript does, strictly. What must not compile is marked. */
import { Arena } from '@memtable/arena';
import { type DiskStore, nodeFiles, openStore } from '@memtable/disk';
import { MemTable, ValueType } from '@memtable/memtable';
import { MemStore, type StoreIterator } from '@memtable/store';
import { BlockSkipList } from '@memtable/skiplist';
import { MemtableLevel } from 'memtable-level';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const sure = <T extends true>(_: T extends true ? 'yes' : never): void => undefined;

const store = new MemStore();
const value = store.get('a');
sure<Equal<typeof value, string | undefined>>('yes');
const entries = store.iterator({ gte: 'a', limit: 1 });
sure<Equal<typeof entries, StoreIterator<[string, string]>>>('yes');
for (const [key, text] of store) sure<Equal<[typeof key, typeof text], [string, string]>>('yes');
// @ts-expect-error - keys are strings
store.put(1, 'a');
// @ts-expect-error - null is nothing
store.put('a', null);
// @ts-expect-error - there is no such encoding
new MemStore({ keyEncoding: 'latin1' });

// @ts-expect-error - numbers need an encoding
new MemStore<number, string>();
sure<Equal<ReturnType<typeof store.floor>, [string, string] | undefined>>('yes');
const made = MemStore.from(new Map([['a', { n: 1 }]]), { valueEncoding: 'json' });
sure<Equal<typeof made, MemStore<string, { n: number }>>>('yes');

const numbers = new MemStore<Uint8Array, { n: number }>({ keyEncoding: 'view', valueEncoding: 'json' });
const found = numbers.getMany([new Uint8Array(1)]);
sure<Equal<typeof found, ({ n: number } | undefined)[]>>('yes');
using snapshot = numbers.snapshot();
numbers.values({ snapshot, reverse: true });

const db = new MemtableLevel<string, { name: string }>({ valueEncoding: 'json', maxBytes: 1 << 30 });
const person: Promise<{ name: string } | undefined> = db.get('a');
const people = db.sublevel<string, number>('people', { valueEncoding: 'json' });
const count: Promise<number | undefined> = people.get('a');
// @ts-expect-error - values are objects here
void db.put('a', 'b');

const opened = openStore<string, { n: number }>(nodeFiles('directory'), { valueEncoding: 'json', durability: 'disk' });
sure<Equal<typeof opened, Promise<DiskStore<string, { n: number }>>>>('yes');
// @ts-expect-error - LevelDB has one order of keys
void openStore('directory', { comparator: () => 0 });

const table = new MemTable();
table.add(1, ValueType.Value, new Uint8Array(1));
// @ts-expect-error - a bare number is no address
const address: ReturnType<Arena['allocate']> = 5;

export { address, BlockSkipList, count, person };
