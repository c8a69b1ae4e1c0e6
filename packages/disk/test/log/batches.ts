import { WriteBatch } from '@memtable/memtable';
import { LogReplay, LogWriter, type NamedLog, type RecoveryMode } from '../../src/index.js';
import { Sink, toHex, utf8 } from '../bytes.js';

export const MODES: readonly RecoveryMode[] = ['prefix', 'tail', 'strict', 'salvage'];

/** A batch of `count` writes from `sequence` on; without writes it is a sync mark. */
export function batch(sequence: number, count = 1, valueBytes = 4): Uint8Array {
  const writes = new WriteBatch();
  writes.sequence = sequence;
  for (let i = 0; i < count; i++) {
    const key = utf8(`key ${(sequence + i) % 7}`);
    if (i % 5 === 4) writes.del(key);
    else writes.put(key, utf8(`${sequence + i}`.padEnd(valueBytes, '.')));
  }
  return writes.bytes;
}

/** Says that everything below `sequence` is on disk. */
export const mark = (sequence: number): Uint8Array => batch(sequence, 0);

/** A log, and where each of its records ends. */
export function logOf(records: readonly Uint8Array[]): { bytes: Uint8Array; ends: number[] } {
  const sink = new Sink();
  const log = new LogWriter(sink);
  const ends = records.map((record) => {
    log.append(record);
    return log.sizeBytes;
  });
  return { bytes: sink.bytes, ends };
}

export const named = (...logs: Uint8Array[]): NamedLog[] => logs.map((log, i) => ({ name: `${i + 1}.log`, log }));

/** What a replay yields, batch by batch, and the code with which it ended if it was refused. */
export function replay(
  logs: readonly NamedLog[],
  mode: RecoveryMode,
): { batches: string[]; code: string | undefined; replay: LogReplay } {
  const replayed = new LogReplay(logs, mode);
  const batches: string[] = [];
  let code: string | undefined;
  try {
    for (const each of replayed) batches.push(toHex(each.bytes));
  } catch (error) {
    code = (error as { code?: string }).code;
    if (code === undefined || !code.startsWith('DISK_')) throw error;
  }
  return { batches, code, replay: replayed };
}
