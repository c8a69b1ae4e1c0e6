import { ValueType } from './format/internal-key.js';
import type { FlushTarget } from './write-buffer/flush-target.js';

/** The part of an abstract-level database (classic-level, memory-level, ...) that a flush needs. */
export interface LevelDatabase {
  /** Makes all writes, or none. */
  batch(operations: LevelOperation[], options: { keyEncoding: 'view'; valueEncoding: 'view' }): Promise<void>;
  readonly status: string;
  /** Opens it again, after `close()`. */
  open(): Promise<void>;
  /** Closes it: a database that has failed needs that before it takes writes again. */
  close(): Promise<void>;
}

/** One write of a batch, in abstract-level's words. */
export type LevelOperation = { type: 'put'; key: Uint8Array; value: Uint8Array } | { type: 'del'; key: Uint8Array };

/** Options of {@link levelTarget}. */
export interface LevelTargetOptions {
  /** Keys and values are written in batches of about this many bytes. @defaultValue 1 MiB */
  batchBytes?: number;
  /**
   * Needed with a comparator under which keys are equal though their bytes differ. The database compares bytes: it
   * takes `Key` and `KEY` of two flushes for two keys, and deleting `KEY` leaves `Key` there. This function gives
   * equal keys the same bytes, and different keys different ones. The database stores these, and is asked for these.
   * Within one flush each key comes once anyway, spelled as in its newest write.
   *
   * @example
   * ```ts
   * import { MemoryLevel } from 'memory-level';
   * import { levelTarget, MemTableList } from '@memtable/memtable';
   *
   * const utf8 = new TextEncoder();
   * const lower = (key: Uint8Array): Uint8Array => utf8.encode(new TextDecoder().decode(key).toLowerCase());
   * const database = new MemoryLevel();
   * const target = levelTarget(database, { canonicalKey: lower });
   * const list = new MemTableList({ target, comparator: (a, b) => Buffer.compare(lower(a), lower(b)) });
   * await list.put(utf8.encode('Key'), utf8.encode('1'));
   * await list.flush();
   * await list.put(utf8.encode('KEY'), utf8.encode('2'));
   * await list.close();
   * await database.iterator().all(); // [['key', '2']]
   * ```
   * @defaultValue the key as it is
   */
  canonicalKey?: (key: Uint8Array) => Uint8Array;
}

/**
 * A flush target over any abstract-level database, which the caller opens and closes. Such a database knows no
 * versions, so it gets the newest version of each key: a value as a put, a deletion as a del. A write that fails
 * half-way leaves some keys written; the retry writes them again.
 *
 * After a failure the target closes the database and opens it again before the next attempt. A LevelDB whose disk was
 * full has an incomplete record in its log. It acknowledges what it appends behind that record, and forgets it when
 * it is next opened (measured: 1166 of 3200 entries of 1 kB).
 *
 * @example
 * ```ts
 * import { MemoryLevel } from 'memory-level';
 * import { levelTarget, MemTableList } from '@memtable/memtable';
 *
 * const database = new MemoryLevel();
 * const list = new MemTableList({ target: levelTarget(database) });
 * await list.put(new TextEncoder().encode('key'), new TextEncoder().encode('value'));
 * await list.close();
 * await database.get('key'); // 'value'
 * ```
 */
export function levelTarget(database: LevelDatabase, options: LevelTargetOptions = {}): FlushTarget {
  const { batchBytes = 1 << 20, canonicalKey = (key) => key } = options;
  let hasFailed = false;
  return {
    async write(run, { signal }) {
      await Promise.resolve(); // The write that begins a flush must not wait for the first batch.
      if (hasFailed) {
        await database.close();
        await database.open();
        hasFailed = false;
      }
      let operations: LevelOperation[] = [];
      let bytes = 0;
      const send = async (): Promise<void> => {
        signal.throwIfAborted();
        try {
          await database.batch(operations, { keyEncoding: 'view', valueEncoding: 'view' });
        } catch (error) {
          hasFailed = database.status === 'open'; // If its owner has closed it, its owner opens it.
          throw error;
        }
        operations = [];
        bytes = 0;
      };
      // Not views: a database may keep the bytes that it is given, as memory-level does.
      for (const { key: written, value, type } of run.newest()) {
        const key = canonicalKey(written);
        operations.push(type === ValueType.Value ? { type: 'put', key, value } : { type: 'del', key });
        bytes += key.length + value.length;
        if (bytes >= batchBytes) await send();
      }
      if (operations.length > 0) await send();
      signal.throwIfAborted();
    },
  };
}
