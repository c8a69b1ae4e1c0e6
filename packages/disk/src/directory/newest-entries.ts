/**
 * Merges runs of entries into the newest version of each key.
 *
 * Versions of one key descend by sequence, so the first that the merge brings is the newest. A key whose newest version
 * is a deletion is not there.
 */
import { ValueType } from '@memtable/memtable';
import { TAG_BYTES } from '@memtable/memtable/internal';
import { DiskError } from '../errors.js';
import { compareBytes, compareInternalKeys } from '../table/internal-order.js';
import type { EntryRun } from './entry-run.js';

/** A key with its value, and the sequence of the write that made it. */
export interface LiveEntry {
  /** A copy. */
  readonly key: Uint8Array;
  /** A view that is good until the next entries are asked for. */
  readonly value: Uint8Array;
  readonly sequence: number;
}

/** Entries that are yielded at once have about this many bytes, so that other work can come between. */
const CHUNK_BYTES = 262144;
/** What an entry counts besides its key and value. */
const ENTRY_BYTES = 100;
/** From here on the highest byte of a tag means a sequence that is no safe integer. */
const TAG_TOP_END = 0x20;

/**
 * The live entries of all runs, in the order of their keys, chunk by chunk. The runs are closed at the end.
 * @throws DiskError what reading a table throws; `DISK_UNSUPPORTED`; `DISK_TABLE_CORRUPT` when a run is not in order
 */
export async function* newestEntries(runs: readonly EntryRun[]): AsyncGenerator<LiveEntry[], void, void> {
  try {
    const heap = new RunHeap();
    for (const run of runs) {
      await run.advance();
      if (run.valid) heap.push(run);
    }
    let last: Uint8Array | undefined;
    let chunk: LiveEntry[] = [];
    let bytes = 0;
    for (let run = heap.first; run !== undefined; run = heap.first) {
      const { key } = run;
      const tagAt = key.length - TAG_BYTES;
      const order = last === undefined ? -1 : compareBytes(last, 0, last.length, key, 0, tagAt);
      if (order > 0) {
        const why = `a key of ${tagAt} bytes comes after a greater one of ${last!.length}`;
        throw new DiskError('DISK_TABLE_CORRUPT', `the keys of the tables are not in order: ${why}`);
      }
      if (order < 0) {
        last = key.slice(0, tagAt);
        if (key[tagAt] === ValueType.Value) {
          const { value } = run;
          chunk.push({ key: last, value, sequence: sequenceOf(key, tagAt) });
          bytes += last.length + value.length + ENTRY_BYTES;
        }
      }
      run.next();
      if (!run.valid) await run.advance();
      heap.settle();
      if (bytes >= CHUNK_BYTES) {
        yield chunk;
        chunk = [];
        bytes = 0;
      }
    }
    if (chunk.length > 0) yield chunk;
  } finally {
    for (const run of runs) await run.close();
  }
}

function sequenceOf(key: Uint8Array, tagAt: number): number {
  if (key[tagAt + 7] >= TAG_TOP_END) {
    const tag = new DataView(key.buffer, key.byteOffset + tagAt).getBigUint64(0, true);
    throw new DiskError('DISK_UNSUPPORTED', `a table has sequence ${tag >> 8n}, which is beyond 2^53 - 1`);
  }
  let sequence = 0;
  for (let i = 7; i > 0; i--) sequence = sequence * 256 + key[tagAt + i];
  return sequence;
}

/** Runs by the key at hand: the first one is on top. */
class RunHeap {
  readonly #runs: EntryRun[] = [];

  get first(): EntryRun | undefined {
    return this.#runs[0];
  }

  push(run: EntryRun): void {
    const runs = this.#runs;
    let at = runs.push(run) - 1;
    for (let up = (at - 1) >> 1; at > 0 && isBefore(run, runs[up]); at = up, up = (at - 1) >> 1) runs[at] = runs[up];
    runs[at] = run;
  }

  /** Puts the first run where it belongs after it has moved, and out when it has come to its end. */
  settle(): void {
    const runs = this.#runs;
    let run = runs[0];
    if (!run.valid) {
      run = runs.pop()!;
      if (runs.length === 0) return;
    }
    let at = 0;
    for (let down = 1; down < runs.length; down = 2 * at + 1) {
      if (down + 1 < runs.length && isBefore(runs[down + 1], runs[down])) down++;
      if (!isBefore(runs[down], run)) break;
      runs[at] = runs[down];
      at = down;
    }
    runs[at] = run;
  }
}

function isBefore(a: EntryRun, b: EntryRun): boolean {
  const x = a.key;
  const y = b.key;
  return compareInternalKeys(x, 0, x.length, y, 0, y.length) < 0;
}
