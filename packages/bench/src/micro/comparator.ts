import { MemTable, ValueType } from '@memtable/memtable';
import { bench, do_not_optimize, group } from 'mitata';
import { tableInput } from './table-input.js';

/** Measures key comparisons: bytewise in place, and with a comparator function. */
export function comparator(): void {
  const { keys, values } = tableInput();
  const tables = {
    bytewise: fill(new MemTable({ index: 'block' })),
    'comparator Buffer.compare': fill(new MemTable({ index: 'block', comparator: (a, b) => Buffer.compare(a, b) })),
  };
  for (const [name, table] of Object.entries(tables)) {
    const { order } = table.index;
    const { view } = table.arena.memory;
    const entries = entriesOf(table);
    let i = 0;
    const next = () => (i = (i + 1) % (entries.length - 1));
    group(`order, ${name}`, () => {
      bench('compare two entries in place', () => {
        const at = next();
        do_not_optimize(order.compare(view, entries[at], view, entries[at + 1]));
      });
      bench('get, by view', () => do_not_optimize(table.getView(keys[next()])));
    });
  }

  function fill(table: MemTable): MemTable {
    for (let i = 0; i < keys.length; i++) table.add(i, ValueType.Value, keys[i], values[i]);
    return table;
  }
}

function entriesOf(table: MemTable): number[] {
  const entries: number[] = [];
  const cursor = table.index.cursor();
  for (cursor.seekToFirst(); cursor.entry !== 0; cursor.next()) entries.push(cursor.entry);
  return entries;
}
