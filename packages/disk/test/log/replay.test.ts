import { LogReplay, type RecoveryMode } from '../../src/index.js';
import { error, toHex } from '../bytes.js';
import { batch, logOf, mark, MODES, named, replay } from './batches.js';

const HEADER = 7;
const BLOCK = 32768;

/** The first sequences that were replayed, or the code of the refusal. */
const sequences = (logs: Uint8Array[], mode: RecoveryMode): number[] | string => {
  const { batches, code } = replay(named(...logs), mode);
  return code ?? batches.map((hex) => Buffer.from(hex, 'hex').readUInt32LE(0));
};
/** The same in each of the modes. */
const inAllModes = (...logs: Uint8Array[]) =>
  Object.fromEntries(MODES.map((mode) => [mode, sequences(logs, mode)] as const));

const damaged = (log: Uint8Array, at: number): Uint8Array => {
  const copy = log.slice();
  copy[at] ^= 0x10;
  return copy;
};

test.each(MODES)('%s: all batches of sound logs, and marks as nothing', (mode) => {
  const records = [mark(1), batch(1, 3), batch(4), mark(5), batch(5, 10)];
  const later = [mark(15), batch(15), batch(16)];
  const { batches, replay: replayed } = replay(named(logOf(records).bytes, logOf(later).bytes), mode);
  expect(batches).toEqual([records[1], records[2], records[4], later[1], later[2]].map(toHex));
  expect(replayed).toMatchObject({ lastSequence: 16, batchCount: 5, droppedCount: 0, flaws: [] });
});

test('without logs nothing is replayed, and the last sequence is the one before', () => {
  const replayed = new LogReplay([], 'strict', 77);
  expect([...replayed]).toEqual([]);
  expect(replayed.lastSequence).toBe(77);
});

describe('one log', () => {
  const { bytes, ends } = logOf([batch(1), batch(2), batch(3)]);

  test('a torn end: only strict refuses', () => {
    const torn = bytes.slice(0, ends[2] - 3);
    expect(inAllModes(torn)).toEqual({ prefix: [1, 2], tail: [1, 2], strict: 'DISK_LOG_CORRUPT', salvage: [1, 2] });
    const { replay: replayed } = replay(named(torn), 'prefix');
    expect(replayed.flaws).toEqual([
      { file: '1.log', kind: 'truncated', offset: ends[1], lostStart: ends[1], lostEnd: torn.length },
    ]);
  });

  test('zeros behind the end: only strict refuses', () => {
    const zeros = new Uint8Array(ends[2] + 100);
    zeros.set(bytes);
    expect(inAllModes(zeros)).toEqual({
      prefix: [1, 2, 3],
      tail: [1, 2, 3],
      strict: 'DISK_LOG_CORRUPT',
      salvage: [1, 2, 3],
    });
  });

  test('a damaged record with others behind it', () => {
    const first = logOf([batch(1), batch(2), batch(3, 1, BLOCK), batch(4)]);
    const log = damaged(first.bytes, first.ends[0] + HEADER + 14);
    expect(inAllModes(log)).toEqual({
      prefix: [1],
      tail: 'DISK_LOG_CORRUPT',
      strict: 'DISK_LOG_CORRUPT',
      salvage: [1, 4],
    });
    expect(replay(named(log), 'prefix').replay.droppedCount).toBe(1);
  });

  test('the error names the file and the flaw', () => {
    const replayed = new LogReplay(named(damaged(bytes, HEADER + 13)), 'strict');
    expect(() => [...replayed]).toThrow(
      error('DISK_LOG_CORRUPT', {
        file: '1.log',
        flaw: expect.objectContaining({ kind: 'bad-checksum', offset: 0 }) as object,
      }),
    );
  });

  test.each([
    ['shorter than a header', new Uint8Array(5)],
    ['with a wrong count', Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0)],
    ['with an unknown tag', Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 9)],
    ['beyond the sequences of numbers', Uint8Array.of(0, 0, 0, 0, 0, 0, 0x20, 0, 1, 0, 0, 0, 0, 0)],
  ])('a sound record that is no batch is a flaw: %s', (_, record) => {
    const log = logOf([batch(1), record, batch(3)]).bytes;
    expect(inAllModes(log)).toEqual({
      prefix: [1],
      tail: 'DISK_LOG_CORRUPT',
      strict: 'DISK_LOG_CORRUPT',
      salvage: [1, 3],
    });
    expect(replay(named(log), 'prefix').replay.flaws).toMatchObject([{ kind: 'bad-batch' }]);
  });

  test('a batch with sequences that were there already is a flaw', () => {
    const log = logOf([batch(1, 5), batch(6), batch(3), batch(9)]).bytes;
    expect(inAllModes(log)).toMatchObject({ prefix: [1, 6], strict: 'DISK_LOG_CORRUPT', salvage: [1, 6, 9] });
    expect(replay(named(log), 'prefix').replay.flaws).toMatchObject([{ kind: 'stale-batch' }]);
  });

  test('a gap in the sequences is a flaw of a log that begins with a mark, and of no other', () => {
    expect(sequences([logOf([batch(1), batch(5)]).bytes], 'strict')).toEqual([1, 5]);
    const marked = logOf([mark(1), batch(1), batch(5)]).bytes;
    expect(inAllModes(marked)).toEqual({
      prefix: [1],
      tail: 'DISK_LOG_CORRUPT',
      strict: 'DISK_LOG_CORRUPT',
      salvage: [1, 5],
    });
    expect(replay(named(marked), 'prefix').replay).toMatchObject({ flaws: [{ kind: 'gap' }], droppedCount: 1 });
  });
});

describe('marks tell a torn end from a hole', () => {
  const long = 2 * BLOCK; // The flaw takes the rest of its block with it, so what follows lies in later blocks.

  test('a mark above the first lost write: it was durable, so the log is refused', () => {
    const { bytes, ends } = logOf([mark(1), batch(1), batch(2, 3), batch(5, 1, long), mark(4), batch(6)]);
    const log = damaged(bytes, ends[1] + HEADER + 13);
    expect(inAllModes(log)).toEqual({
      prefix: 'DISK_LOG_HOLE',
      tail: 'DISK_LOG_CORRUPT',
      strict: 'DISK_LOG_CORRUPT',
      salvage: [1, 6],
    });
    expect(() => [...new LogReplay(named(log))]).toThrow(
      error('DISK_LOG_HOLE', { file: '1.log', lostFrom: 2, lostTo: 3 }),
    );
  });

  test('a mark at the first lost write: nothing durable is lost, so the end is torn', () => {
    const { bytes, ends } = logOf([mark(1), batch(1), batch(2, 3), batch(5, 1, long), mark(2), batch(6)]);
    const { batches, code, replay: replayed } = replay(named(damaged(bytes, ends[1] + HEADER + 13)), 'prefix');
    expect({ code, batches, dropped: replayed.droppedCount }).toEqual({
      code: undefined,
      batches: [toHex(batch(1))],
      dropped: 1,
    });
  });

  test('the damage is at the very beginning of the logs', () => {
    const { bytes } = logOf([batch(1, 1, long), mark(2), batch(2)]);
    expect(sequences([damaged(bytes, 20)], 'prefix')).toBe('DISK_LOG_HOLE');
    const later = logOf([batch(8, 1, long), mark(8), batch(9)]).bytes;
    expect([...new LogReplay(named(damaged(later, 20)), 'prefix', 7)]).toEqual([]);
  });
});

describe('several logs', () => {
  const torn = (log: Uint8Array): Uint8Array => log.slice(0, -2);
  const older = logOf([mark(1), batch(1), batch(2), batch(3)]).bytes;

  test('a flaw in an older log ends the replay: no later log is replayed', () => {
    const later = logOf([mark(3), batch(4), batch(5)]).bytes;
    expect(inAllModes(torn(older), later)).toEqual({
      prefix: [1, 2],
      tail: 'DISK_LOG_CORRUPT',
      strict: 'DISK_LOG_CORRUPT',
      salvage: [1, 2, 4, 5],
    });
  });

  test('a mark in a later log proves a hole in an older one', () => {
    const later = logOf([mark(3), batch(4), mark(4), batch(5)]).bytes;
    expect(sequences([torn(older), later], 'prefix')).toBe('DISK_LOG_HOLE');
  });

  test('a later log that goes on where the flaw is: a refused write left it, and nothing is lost', () => {
    const later = logOf([mark(3), batch(3), batch(4)]).bytes;
    expect(inAllModes(torn(older), later)).toEqual({
      prefix: [1, 2, 3, 4],
      tail: [1, 2, 3, 4],
      strict: 'DISK_LOG_CORRUPT',
      salvage: [1, 2, 3, 4],
    });
  });

  test('a log without marks behind a torn one is refused: nothing says what of it was durable', () => {
    const later = logOf([batch(4), batch(5)]).bytes;
    expect(sequences([torn(older), later], 'prefix')).toBe('DISK_LOG_CORRUPT');
  });

  test('an older log that ends early without a trace: its sequences show what is missing', () => {
    const short = older.slice(0, older.length - logOf([batch(3)]).bytes.length);
    const later = logOf([mark(3), batch(4), batch(5)]).bytes;
    expect(inAllModes(short, later)).toEqual({
      prefix: [1, 2],
      tail: 'DISK_LOG_CORRUPT',
      strict: 'DISK_LOG_CORRUPT',
      salvage: [1, 2, 4, 5],
    });
    // The later log says that what is missing was durable.
    expect(sequences([short, logOf([mark(4), batch(4)]).bytes], 'prefix')).toBe('DISK_LOG_HOLE');
    expect(sequences([short, logOf([mark(3), batch(3)]).bytes], 'strict')).toEqual([1, 2, 3]);
    // Writes up to 3 are in tables.
    expect([...new LogReplay(named(short, later), 'strict', 3)].length).toBe(4);
  });

  test('an empty log behind a torn one, as a crash leaves it after it was begun', () => {
    expect(sequences([torn(older), new Uint8Array()], 'prefix')).toEqual([1, 2]);
    expect(sequences([torn(older), logOf([mark(2)]).bytes], 'tail')).toEqual([1, 2]);
  });
});
