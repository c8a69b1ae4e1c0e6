/**
 * Logs with any damage: what is recovered is a prefix of what was written, or the log is refused with a code. Never a
 * write that was not made, never a hang.
 */
import fc from 'fast-check';
import { readLog } from '../../src/index.js';
import { toHex } from '../bytes.js';
import { batch, logOf, mark, MODES, named, replay } from './batches.js';

/** Checks what each mode makes of a damaged log of these records. Comparisons are plain: there are many. */
function check(records: readonly Uint8Array[], damaged: Uint8Array): void {
  const written = records.filter((record) => record[8] > 0).map(toHex);
  const marks = [...readLog(damaged)].filter((piece) => piece.kind === 'record' && piece.end - piece.offset === 19);
  const synced = Math.max(0, ...marks.map(({ offset }) => sequenceAt(damaged, offset) - 1));
  for (const mode of MODES) {
    const { batches, code, replay: replayed } = replay(named(damaged), mode);
    if (mode === 'salvage') {
      let at = -1;
      const isPart = batches.every((hex) => (at = written.indexOf(hex, at + 1)) >= 0);
      if (code !== undefined || !isPart) expect({ mode, code, batches }).toEqual({ 'is part of': written });
      continue;
    }
    const isPrefix = batches.every((hex, i) => hex === written[i]);
    const isRight =
      code !== undefined || (replayed.lastSequence >= synced && (mode !== 'strict' || replayed.flaws.length === 0));
    if (!isPrefix || !isRight) expect({ mode, code, batches }).toEqual({ 'is a prefix, to': synced, of: written });
  }
}

const sequenceAt = (log: Uint8Array, offset: number): number =>
  Number(new DataView(log.buffer).getBigUint64(offset + 7, true));

/** 25 batches of 1 to 4 writes, each third one followed by a mark for all before it. */
function smallLog(): Uint8Array[] {
  const records = [mark(1)];
  for (let i = 0, sequence = 1; i < 25; i++) {
    const count = 1 + (i % 4);
    records.push(batch(sequence, count, i % 9));
    if (i % 3 === 2) records.push(mark(sequence));
    sequence += count;
  }
  return records;
}

test('a log cut at every byte', () => {
  const records = smallLog();
  const { bytes, ends } = logOf(records);
  for (let end = 0; end <= bytes.length; end++) {
    const cut = bytes.slice(0, end);
    check(records, cut);
    // A cut is always taken for a torn end, and every whole record is there.
    const whole = records.filter((record, i) => ends[i] <= end && record[8] > 0).length;
    const found = ['prefix' as const, 'tail' as const].map((mode) => replay(named(cut), mode).batches.length);
    expect(found).toEqual([whole, whole]);
  }
});

test('a log of several blocks cut at every byte around the ends of its blocks', () => {
  const records = [mark(1), batch(1, 3), batch(4, 1, 32_700), batch(5), mark(5), batch(6, 2, 40_000), batch(8)];
  const { bytes } = logOf(records);
  for (let block = 32768; block < bytes.length + 32768; block += 32768) {
    for (let end = block - 60; end < Math.min(block + 60, bytes.length); end++) check(records, bytes.slice(0, end));
  }
});

test('every byte of a small log changed, in three ways', () => {
  const records = smallLog();
  const { bytes } = logOf(records);
  for (let at = 0; at < bytes.length; at++) {
    for (const change of [1, 0x80, 0xff]) {
      const damaged = bytes.slice();
      damaged[at] ^= change;
      check(records, damaged);
    }
  }
});

type Damage = readonly [kind: 'cut' | 'flip' | 'zeros' | 'noise' | 'older' | 'append', at: number, length: number];

const damages = fc.array(
  fc.tuple(
    fc.constantFrom('cut', 'flip', 'zeros', 'noise', 'older', 'append'),
    fc.nat({ max: 1 << 20 }),
    fc.integer({ min: 1, max: 5000 }),
  ),
  { minLength: 1, maxLength: 4 },
) as fc.Arbitrary<Damage[]>;

function damage(log: Uint8Array, [kind, place, length]: Damage): Uint8Array {
  const at = log.length === 0 ? 0 : place % log.length;
  const damaged = kind === 'append' ? new Uint8Array(log.length + length) : log.slice();
  const noise = Uint8Array.from({ length }, (_, i) => ((place + i) * 2654435761) >>> 24);
  const range = damaged.subarray(at, at + length);
  if (kind === 'cut') return damaged.slice(0, at);
  if (kind === 'flip' && range.length > 0) range[0] ^= 1 << (length & 7);
  if (kind === 'zeros') range.fill(0);
  if (kind === 'noise') range.set(noise.subarray(0, range.length));
  // An older part of the log, whole records among it, in the place of a later one.
  if (kind === 'older') damaged.copyWithin(at, Math.floor(at / 2), Math.floor(at / 2) + length);
  if (kind === 'append') {
    damaged.set(log);
    if (length & 1) damaged.set(noise, log.length);
  }
  return damaged;
}

const logs = fc.array(
  fc.tuple(fc.integer({ min: 0, max: 6 }), fc.oneof(fc.nat({ max: 50 }), fc.nat({ max: 20_000 }))),
  { minLength: 1, maxLength: 30 },
);

test('any log with any damage', () => {
  fc.assert(
    fc.property(logs, damages, (shapes, harm) => {
      let sequence = 1;
      const records = [mark(1)];
      for (const [count, valueBytes] of shapes) {
        // No writes: a mark for all but the last write.
        records.push(batch(count === 0 ? Math.max(1, sequence - 1) : sequence, count, valueBytes));
        sequence += count;
      }
      check(records, harm.reduce(damage, logOf(records).bytes));
    }),
    { numRuns: 300 },
  );
});

test('any bytes are read to their end, and each byte is in a record or lost by a flaw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      let last = 0;
      for (const piece of readLog(bytes)) {
        const [start, end] = piece.kind === 'record' ? [piece.offset, piece.end] : [piece.lostStart, piece.lostEnd];
        if (start !== last || end < start) expect([start, end]).toEqual([last, `from ${last} on`]);
        last = end;
      }
      expect(last).toBe(bytes.length);
    }),
    { numRuns: 1000 },
  );
});
