/** The cases of LevelDB's db/log_test.cc, and what this reader says of them. */
import { fileOf, LogWriter, readLog } from '../../src/index.js';
import { crc32c, maskCrc } from '@memtable/memtable/internal';
import { Sink, text, utf8 } from '../bytes.js';

const BLOCK = 32768;
const HEADER = 7;

const logOf = (...records: Uint8Array[]): Uint8Array => {
  const sink = new Sink();
  const log = new LogWriter(sink);
  for (const record of records) log.append(record);
  return sink.bytes;
};

/** `text` over and over, up to `bytes`. */
const big = (content: string, bytes: number): Uint8Array =>
  utf8(content.repeat(Math.ceil(bytes / content.length)).slice(0, bytes));

/** Records as the start of their text and their length, flaws as kind and range. */
function read(log: Uint8Array): string[] {
  const found: string[] = [];
  for (const piece of readLog(fileOf(log))) {
    if (piece.kind === 'record') found.push(`${text(piece.bytes.subarray(0, 3))} ${piece.bytes.length}`);
    else found.push(`${piece.kind} at ${piece.offset}: ${piece.lostStart} to ${piece.lostEnd}`);
  }
  expect([...readLog(log)]).toHaveLength(found.length);
  return found;
}

function fixChecksum(log: Uint8Array, at: number): void {
  const view = new DataView(log.buffer);
  view.setUint32(at, maskCrc(crc32c(log, at + 6, at + HEADER + view.getUint16(at + 4, true))), true);
}

test('an empty log', () => {
  expect(read(new Uint8Array())).toEqual([]);
});

test('records that are whole, in many blocks, fragmented, empty', () => {
  expect(read(logOf(utf8('foo'), utf8('bar'), utf8(''), utf8('xxxx')))).toEqual(['foo 3', 'bar 3', ' 0', 'xxx 4']);
  const many = Array.from({ length: 10_000 }, (_, i) => utf8(`${i}.`));
  expect(read(logOf(...many))).toHaveLength(10_000);
  expect(read(logOf(utf8('small'), big('medium', 50_000), big('large', 100_000)))).toEqual([
    'sma 5',
    'med 50000',
    'lar 100000',
  ]);
});

test.each([
  ['exactly a header is left of a block', BLOCK - 2 * HEADER],
  ['less than a header is left of a block', BLOCK - 2 * HEADER + 4],
  ['a record ends with its block', BLOCK - HEADER],
])('%s', (_, length) => {
  expect(read(logOf(big('foo', length), utf8(''), utf8('bar')))).toEqual([`foo ${length}`, ' 0', 'bar 3']);
  expect(read(logOf(big('foo', length), utf8('bar')))).toEqual([`foo ${length}`, 'bar 3']);
  expect(read(logOf(big('foo', length)))).toEqual([`foo ${length}`]);
});

test('a trailer that was cut off is no flaw, since it holds nothing', () => {
  const log = logOf(big('foo', BLOCK - 2 * HEADER + 4), utf8('bar'));
  for (let end = BLOCK - 3; end <= BLOCK; end++) {
    expect(read(log.slice(0, end))).toEqual([`foo ${BLOCK - 2 * HEADER + 4}`]);
  }
});

describe('flaws', () => {
  test('a checksum is wrong: the rest of the block is lost', () => {
    const log = logOf(utf8('foo'), utf8('bar'), big('baz', BLOCK), utf8('last'));
    log[10] ^= 1;
    expect(read(log)).toEqual(['foo 3', `bad-checksum at 10: 10 to ${BLOCK + 34}`, 'las 4']);
  });

  test('a type is unknown', () => {
    const log = logOf(utf8('foo'));
    log[6] = 99;
    fixChecksum(log, 0);
    expect(read(log)).toEqual(['bad-type at 0: 0 to 10']);
  });

  test('a length leads beyond the block', () => {
    const log = logOf(big('bar', BLOCK - HEADER), utf8('foo'));
    log[4]++;
    expect(read(log)).toEqual([`bad-length at 0: 0 to ${BLOCK}`, 'foo 3']);
  });

  test('the log ends in a header, or in a payload', () => {
    const log = logOf(utf8('foo'), utf8('bar'));
    expect(read(log.slice(0, 19))).toEqual(['foo 3', 'truncated at 10: 10 to 19']);
    expect(read(log.slice(0, 12))).toEqual(['foo 3', 'truncated at 10: 10 to 12']);
  });

  test('the log ends between the fragments of a record', () => {
    const log = logOf(utf8('foo'), big('bar', BLOCK));
    expect(read(log.slice(0, BLOCK))).toEqual(['foo 3', `truncated at ${BLOCK}: 10 to ${BLOCK}`]);
    expect(read(log.slice(0, BLOCK + 3))).toEqual(['foo 3', `truncated at ${BLOCK}: 10 to ${BLOCK + 3}`]);
  });

  test('zeros, over several blocks, are one flaw', () => {
    const log = new Uint8Array(3 * BLOCK + 100);
    log.set(logOf(utf8('foo')));
    expect(read(log)).toEqual(['foo 3', `zeros at 10: 10 to ${log.length}`]);
    log.set(logOf(utf8('bar')), 2 * BLOCK);
    expect(read(log)).toEqual([
      'foo 3',
      `zeros at 10: 10 to ${2 * BLOCK}`,
      'bar 3',
      `zeros at ${2 * BLOCK + 10}: ${2 * BLOCK + 10} to ${log.length}`,
    ]);
  });

  test.each([
    ['last', 4],
    ['middle', 3],
  ])('a %s fragment without a first one', (_, type) => {
    const log = logOf(utf8('foo'), utf8('bar'));
    log[6] = type;
    fixChecksum(log, 0);
    expect(read(log)).toEqual(['orphan at 0: 0 to 10', 'bar 3']);
  });

  test('a first fragment, then another record', () => {
    const log = logOf(utf8('foo'), utf8('bar'), big('baz', 100_000));
    log[6] = 2;
    fixChecksum(log, 0);
    expect(read(log)).toEqual(['unfinished at 10: 0 to 10', 'bar 3', 'baz 100000']);
    log[16] = 2;
    fixChecksum(log, 10);
    expect(read(log)).toEqual(['unfinished at 10: 0 to 10', 'unfinished at 20: 10 to 20', 'baz 100000']);
  });

  test('an empty first fragment, then the record whole, is no flaw: an early LevelDB wrote that', () => {
    const log = logOf(utf8(''), utf8('bar'));
    log[6] = 2;
    fixChecksum(log, 0);
    expect(read(log)).toEqual(['bar 3']);
  });

  test('the middle of a record is damaged: the whole record is lost, and is one flaw', () => {
    const log = logOf(utf8('foo'), big('bar', 5 * BLOCK), utf8('baz'));
    log[2 * BLOCK + 50] ^= 4;
    const end = 10 + 5 * BLOCK + 6 * HEADER;
    expect(read(log)).toEqual(['foo 3', `bad-checksum at ${2 * BLOCK}: 10 to ${end}`, 'baz 3']);
  });
});
