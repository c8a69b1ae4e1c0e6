import { runInNewContext } from 'node:vm';
import { encodeInternalKey, MemTable, MemTableList, parseInternalKey, ValueType, WriteBatch } from '../src/index.js';
import { checkBytes, isBytes } from '../src/format/bytes.js';
import { text, utf8 } from './bytes.js';

/** Bytes whose buffer was transferred. */
const transferred = (bytes = new Uint8Array([1, 2, 3])): Uint8Array => {
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
};
// TypeScript's library for this target lacks resizable buffers, but the engines have them.
const resizable = (bytes: number): ArrayBuffer & { resize(bytes: number): void } =>
  Reflect.construct(ArrayBuffer, [bytes, { maxByteLength: 16 }]) as ArrayBuffer & { resize(bytes: number): void };
/** A view beyond the end of a buffer that was shrunk. */
const outOfBounds = (): Uint8Array => {
  const buffer = resizable(8);
  const bytes = new Uint8Array(buffer, 4, 4);
  buffer.resize(2);
  return bytes;
};
const otherRealm = (): Uint8Array => runInNewContext('Uint8Array.of(102, 111, 120)') as Uint8Array;

const GONE = [
  ['of a transferred buffer', () => transferred()],
  ['of a view beyond the end of a resized buffer', outOfBounds],
  ['of an empty view of a transferred buffer', () => transferred(new Uint8Array(3).subarray(3))],
] as const;
const NOT_BYTES: readonly (readonly [string, unknown, string])[] = [
  ['a string', 'key', "not the string 'key'"],
  ['null', null, 'not null'],
  ['undefined', undefined, 'not undefined'],
  ['an array', [1, 2], 'not an array'],
  ['an Int8Array', new Int8Array(2), 'not Int8Array'],
  ['a Uint8ClampedArray', new Uint8ClampedArray(2), 'not Uint8ClampedArray'],
  ['a DataView', new DataView(new ArrayBuffer(2)), 'not an object'],
  ['an ArrayBuffer', new ArrayBuffer(2), 'not an object'],
  ['an object with the prototype of bytes', Object.create(Uint8Array.prototype), 'not an object'],
  ['an object that calls itself bytes', { length: 2, [Symbol.toStringTag]: 'Uint8Array' }, 'not an object'],
];

/** Every argument that takes bytes, with its name in messages. */
const ENTRANCES: readonly (readonly [string, string, (bytes: Uint8Array) => unknown])[] = [
  ['the key of MemTable.add', 'the key', (bytes) => new MemTable().add(1, ValueType.Value, bytes)],
  ['the value of MemTable.add', 'the value', (bytes) => new MemTable().add(1, ValueType.Value, utf8('k'), bytes)],
  ['MemTable.get', 'the key', (bytes) => new MemTable().get(bytes)],
  ['MemTable.getView', 'the key', (bytes) => new MemTable().getView(bytes)],
  ['MemTableCursor.seek', 'the key', (bytes) => new MemTable().iterator().seek(bytes)],
  ['the key of WriteBatch.put', 'the key', (bytes) => new WriteBatch().put(bytes, utf8('v'))],
  ['the value of WriteBatch.put', 'the value', (bytes) => new WriteBatch().put(utf8('k'), bytes)],
  ['WriteBatch.del', 'the key', (bytes) => new WriteBatch().del(bytes)],
  ['WriteBatch.from', 'a write batch', (bytes) => WriteBatch.from(bytes)],
  ['encodeInternalKey', 'the user key', (bytes) => encodeInternalKey(bytes, 1)],
  ['parseInternalKey', 'the internal key', (bytes) => parseInternalKey(bytes)],
  ['MemTableList.get', 'the key', (bytes) => new MemTableList({ target: { write: async () => {} } }).get(bytes)],
];

test.each(GONE)('every call refuses bytes %s, which would read as empty', (_, make) => {
  for (const [, name, call] of ENTRANCES) {
    const bytes = make();
    expect(bytes.length).toBe(0);
    const message = `${name} has no bytes any more: its buffer was transferred, or shrank below its start`;
    expect(() => call(bytes)).toThrow(expect.objectContaining({ name: 'TypeError', message }) as Error);
  }
});

test.each(NOT_BYTES)('every call that takes bytes refuses %s', (_, value, kind) => {
  expect(isBytes(value)).toBe(false);
  for (const [entrance, name, call] of ENTRANCES) {
    if (value === undefined && entrance === 'the value of MemTable.add') continue; // Left out, it is empty.
    expect(() => call(value as Uint8Array)).toThrow(new TypeError(`${name} must be a Uint8Array, ${kind}`));
  }
});

test('bytes may be of another realm, Buffers, subclasses, and views of shared or resizable memory', () => {
  class Bytes extends Uint8Array {}
  const shared = new Uint8Array(new SharedArrayBuffer(3));
  shared.set(utf8('fox'));
  const resized = new Uint8Array(resizable(3));
  resized.set(utf8('fox'));
  for (const bytes of [otherRealm(), Buffer.from('fox'), Bytes.from(utf8('fox')), shared, resized]) {
    expect(isBytes(bytes)).toBe(true);
    const table = new MemTable();
    table.apply(new WriteBatch().put(bytes, bytes), 1);
    expect(text(table.get(utf8('fox'))!.value)).toBe('fox');
    expect(text(table.get(bytes)!.value)).toBe('fox');
  }
});

test('empty bytes are accepted if they have a buffer', () => {
  for (const empty of [new Uint8Array(0), Buffer.alloc(0), new Uint8Array(8).subarray(8)]) {
    expect(() => checkBytes('the key', empty)).not.toThrow();
    const table = new MemTable();
    table.add(1, ValueType.Value, empty, empty);
    expect(table.get(empty)!.value).toHaveLength(0);
  }
});

test('a write that is refused because its bytes are gone changes nothing', () => {
  const batch = new WriteBatch().put(utf8('a'), utf8('1'));
  const before = batch.bytes;
  expect(() => batch.put(utf8('b'), transferred())).toThrow(TypeError);
  expect(() => batch.del(transferred())).toThrow(TypeError);
  expect(batch.bytes).toEqual(before);
  const table = new MemTable();
  const stats = table.stats();
  expect(() => table.add(1, ValueType.Value, utf8('a'), transferred())).toThrow(TypeError);
  expect(table.stats()).toEqual(stats);
});
