import { encodeInternalKey, ValueType } from '@memtable/memtable';
import { TableBuilder, type TableBuilderOptions, type TableCursor, type TableSummary } from '../../src/index.js';
import { Sink, text, utf8 } from '../bytes.js';

/** LevelDB's random numbers (util/random.h): Park and Miller's. */
export class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed;
  }
  uniform(range: number): number {
    this.#state = (this.#state * 16807) % 0x7fffffff;
    return this.#state % range;
  }
}

export interface TestEntry {
  readonly key: string;
  readonly sequence: number;
  readonly type: ValueType;
  readonly value: string;
}

/** The entries of a golden table. */
export function goldenEntries(shape: { n: number; prefix: string; seed: number; valueMax: number }): TestEntry[] {
  const random = new Random(shape.seed);
  return Array.from({ length: shape.n }, (_, i) => {
    const key = shape.prefix + String(3 * i).padStart(8, '0');
    const type = random.uniform(10) === 0 ? ValueType.Deletion : ValueType.Value;
    const length = type === ValueType.Value ? random.uniform(shape.valueMax) : 0;
    const value = Buffer.from(Array.from({ length }, () => 97 + random.uniform(26))).toString();
    return { key, sequence: i + 1, type, value };
  });
}

export function build(
  entries: readonly TestEntry[],
  options?: TableBuilderOptions,
): { bytes: Uint8Array; summary: TableSummary } {
  const sink = new Sink();
  const builder = new TableBuilder(sink, options);
  for (const { key, sequence, type, value } of entries) {
    builder.add(encodeInternalKey(utf8(key), sequence, type), utf8(value));
  }
  const summary = builder.finish();
  return { bytes: sink.bytes, summary };
}

export const entryAt = (cursor: TableCursor): TestEntry => ({
  key: text(cursor.key),
  sequence: Number(cursor.sequence),
  type: cursor.type,
  value: text(cursor.value),
});

export function forwards(cursor: TableCursor): TestEntry[] {
  const entries = [];
  for (cursor.seekToFirst(); cursor.valid; cursor.next()) entries.push(entryAt(cursor));
  return entries;
}

export function backwards(cursor: TableCursor): TestEntry[] {
  const entries = [];
  for (cursor.seekToLast(); cursor.valid; cursor.prev()) entries.push(entryAt(cursor));
  return entries;
}
