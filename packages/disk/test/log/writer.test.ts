import { LogWriter } from '../../src/index.js';
import { error, fnv1a64, fromHex, Sink, toHex, utf8 } from '../bytes.js';
import golden from '../golden/wal.json';

const BATCH = fromHex('64000000000000000300000001' + '03666f6f03626172' + '0003626f78' + '010362617a03626f6f');
const SHORT: Record<number, string> = { 0: '', 1: 'a', 3: 'bar' };

/** The records of a golden file: long ones have at k, in record r, the byte k * 31 + r. */
function recordsOf({ name, recordLengths }: (typeof golden.files)[number]): Uint8Array[] {
  if (name === 'small') return ['foo', 'bar', '', 'xxxx'].map(utf8);
  if (name === 'oneWriteBatch') return [BATCH];
  return recordLengths.map((length, i) =>
    length in SHORT ? utf8(SHORT[length]) : Uint8Array.from({ length }, (_, k) => (k * 31 + i + 1) & 0xff),
  );
}

test.each(golden.files.map((file) => [file.name, file] as const))("LevelDB's log, byte for byte: %s", (_, file) => {
  const sink = new Sink();
  const log = new LogWriter(sink);
  const ends = recordsOf(file).map((record) => {
    log.append(record);
    return log.sizeBytes;
  });
  expect(ends).toEqual(file.endOffsets);
  const { bytes } = sink;
  if ('hex' in file) expect(toHex(bytes)).toBe(file.hex);
  const headers = file.headers.map(([at]) => toHex(bytes.subarray(Number(at), Number(at) + 7)));
  expect(headers).toEqual(file.headers.map(([, , , hex]) => hex));
  expect(fnv1a64(bytes, 1469598103934665603n)).toBe(file.fnv1a64);
});

test('a record of up to 64 KiB with its headers is one append', () => {
  const sink = new Sink();
  const log = new LogWriter(sink);
  log.append(new Uint8Array(100));
  log.append(new Uint8Array(60_000));
  expect(sink.appendCount).toBe(2);
  log.append(new Uint8Array(200_000));
  expect(sink.appendCount).toBeGreaterThan(3);
});

test('after an append that failed the log takes nothing more', () => {
  let left = 20;
  const log = new LogWriter({
    append(bytes) {
      left -= bytes.length;
      if (left < 0) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
    },
  });
  log.append(utf8('foo'));
  expect(() => log.append(utf8('0123456789'))).toThrow(
    error('DISK_IO', { cause: expect.objectContaining({ code: 'ENOSPC' }) as Error }),
  );
  expect(log.poisoned).toBe(true);
  left = 1000;
  expect(() => log.append(utf8('bar'))).toThrow(error('DISK_LOG_POISONED'));
});
