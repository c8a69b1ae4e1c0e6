import { WriteBatch } from '@memtable/memtable';
import type { Database, LiveEntry, Recovery } from '../../src/index.js';
import { text, utf8 } from '../bytes.js';

/** A write: a key, and its value unless it is a deletion. */
export type Write = readonly [key: string, value?: string];

/** A batch of these writes. */
export function batchOf(sequence: number, writes: readonly Write[]): Uint8Array {
  const batch = new WriteBatch();
  batch.sequence = sequence;
  for (const [key, value] of writes) {
    if (value === undefined) batch.del(utf8(key));
    else batch.put(utf8(key), utf8(value));
  }
  return batch.bytes;
}

export function apply(content: Map<string, string>, writes: readonly Write[]): void {
  for (const [key, value] of writes) {
    if (value === undefined) content.delete(key);
    else content.set(key, value);
  }
}

export async function contentOf(recovery: Recovery): Promise<Map<string, string>> {
  const content = new Map<string, string>();
  for await (const entries of recovery.entries()) {
    for (const { key, value } of entries) content.set(text(key), text(value));
  }
  return content;
}

/** A content as entries, in the order of their keys. */
export function entriesOf(content: ReadonlyMap<string, string>, sequence: number): LiveEntry[] {
  return [...content]
    .map(([key, value]) => ({ key: utf8(key), value: utf8(value), sequence }))
    .sort((a, b) => Buffer.compare(a.key, b.key));
}

/** Appends one batch, and makes the same writes in `content`. */
export function write(database: Database, content: Map<string, string>, ...writes: Write[]): void {
  database.append(batchOf(database.lastSequence + 1, writes));
  apply(content, writes);
}
