import { MemTable, ValueType } from '@memtable/memtable';
import { bench, do_not_optimize, group } from 'mitata';
import { tableInput } from './table-input.js';

const BLOCK_BYTES = [4096, 16384, 65536, 262144, 1048576];

/** Measures the size of arena blocks: the time to fill a table, and the bytes lost in tails of blocks. */
export function blockSize(): void {
  const { keys, values } = tableInput();
  for (const index of ['block', 'skiplist'] as const) {
    group(`arena blocks, 10 k inserts, index ${index}`, () => {
      for (const blockBytes of BLOCK_BYTES) {
        const table = fill(new MemTable({ index, blockBytes }));
        const bytes = (table.approximateMemoryUsage() / keys.length).toFixed(1);
        table.drop();
        bench(`${blockBytes} bytes (${bytes} bytes/entry)`, () => {
          const table = fill(new MemTable({ index, blockBytes }));
          do_not_optimize(table.entryCount);
          table.drop();
        });
      }
    });
  }

  function fill(table: MemTable): MemTable {
    for (let i = 0; i < keys.length; i++) table.add(i, ValueType.Value, keys[i], values[i]);
    return table;
  }
}
