import { MemTableError } from '@memtable/memtable';
import { BufferClass, checkBytes, copyOut, copyOutBuffer, isBytes, readText } from '@memtable/memtable/internal';

/** What keys and values are stored as, and come out as before they are decoded. Abstract-level's names. */
export type Format = 'utf8' | 'buffer' | 'view';

/**
 * How keys or values become what is stored, and back. An encoding of `level-transcoder`, which abstract-level uses, is one,
 * and so is every other object with `encode` and `decode`; without a `format` it deals in bytes, as there.
 */
export interface Encoding<T> {
  readonly name?: string | undefined;
  readonly format?: Format | undefined;
  encode(data: T): string | Uint8Array;
  // What it is given follows from its format, which types cannot say of encodings made elsewhere.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  decode(data: any): T;
}

/**
 * `utf8`: strings. `buffer`: bytes, as Node's `Buffer`s. `view`: bytes, as `Uint8Array`s. `json`: whatever JSON has.
 * All but the last take strings and bytes alike.
 */
export type EncodingName = Format | 'json';
export type EncodingOption<T> = EncodingName | Encoding<T>;
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyEncoding = EncodingOption<any>;

/** @internal An encoding as the store uses it. */
export interface Codec {
  readonly name: string;
  readonly format: Format;
  /** Undefined where data is stored as it comes. */
  readonly encode: ((data: unknown) => unknown) | undefined;
  readonly decode: ((data: unknown) => unknown) | undefined;
}

const plain = (format: Format): Codec => ({ name: format, format, encode: undefined, decode: undefined });

const UTF8 = plain('utf8');
const BUFFER = plain('buffer');
const VIEW = plain('view');
const JSON_CODEC: Codec = {
  name: 'json',
  format: 'utf8',
  encode: (data) => {
    if (isPromise(data)) throw new TypeError('a promise has no JSON: await it first');
    return JSON.stringify(data);
  },
  decode: (data) => JSON.parse(data as string) as unknown,
};

/** @internal @throws MemTableError `MEMTABLE_INVALID_OPTION`, TypeError */
export function codecOf(option: string, encoding: AnyEncoding | undefined): Codec {
  switch (encoding) {
    case undefined:
    case 'utf8':
      return UTF8;
    case 'view':
      return VIEW;
    case 'json':
      return JSON_CODEC;
    case 'buffer':
      if (BufferClass === undefined) invalid(`${option} is 'buffer', and there is no Buffer here; use 'view'`);
      return BUFFER;
  }
  if (typeof encoding === 'string') {
    invalid(`${option} must be 'utf8', 'buffer', 'view', 'json' or an encoding: '${String(encoding)}'`);
  }
  if (typeof encoding !== 'object' || encoding === null) {
    throw new TypeError(`${option} must be a name or an encoding, not ${kindOf(encoding)}`);
  }
  const { name = 'anonymous', format = BufferClass === undefined ? 'view' : 'buffer' } = encoding;
  if (typeof encoding.encode !== 'function' || typeof encoding.decode !== 'function') {
    throw new TypeError(`${option} must have the functions encode and decode`);
  }
  if (format !== 'utf8' && format !== 'buffer' && format !== 'view') {
    invalid(`the format of ${option} must be 'utf8', 'buffer' or 'view': ${String(format)}`);
  }
  return {
    name,
    format,
    encode: (data) => encoding.encode(data),
    decode: (data) => encoding.decode(data) as unknown,
  };
}

/** @internal What is stored for a key or value. @throws TypeError, MemTableError `MEMTABLE_ENCODING_FAILED` */
export function encode(what: 'key' | 'value', codec: Codec, data: unknown): string | Uint8Array {
  if (data === null || data === undefined) throw new TypeError(`the ${what} must not be ${kindOf(data)}`);
  let stored: unknown = data;
  if (codec.encode !== undefined) {
    try {
      stored = codec.encode(data);
    } catch (cause) {
      if (codec === JSON_CODEC && isPromise(data)) throw cause;
      throw new MemTableError(
        'MEMTABLE_ENCODING_FAILED',
        `the encoding '${codec.name}' of the ${what} failed on ${kindOf(data)}: ${String(cause)}`,
        { cause },
      );
    }
  }
  if (typeof stored === 'string') return stored;
  if (isBytes(stored)) {
    if (stored.length === 0) checkBytes(`the ${what}`, stored);
    return stored;
  }
  if (codec.encode === undefined) throw new TypeError(`the ${what} must be a string or bytes, not ${kindOf(data)}`);
  throw new MemTableError(
    'MEMTABLE_ENCODING_FAILED',
    `the encoding '${codec.name}' of the ${what} made ${kindOf(stored)} of ${kindOf(data)}, not a string or bytes`,
  );
}

/** @internal A key or value out of bytes of a memory; a copy. */
export function decode(codec: Codec, u8: Uint8Array, view: DataView, start: number, length: number): unknown {
  const data = read(codec, u8, view, start, length);
  return decodeStored(codec, data);
}

/** @internal A copy of stored bytes in the codec's format: what is left to be decoded, by code that may change the memory. */
export function read({ format }: Codec, u8: Uint8Array, view: DataView, start: number, length: number): unknown {
  if (format === 'utf8') return readText(u8, start, length);
  return format === 'view' ? copyOut(u8, view, start, length) : copyOutBuffer(u8, view, start, length);
}

/** @internal */
export function decodeStored(codec: Codec, data: unknown): unknown {
  if (codec.decode === undefined) return data;
  try {
    return codec.decode(data);
  } catch (cause) {
    throw new MemTableError(
      'MEMTABLE_ENCODING_FAILED',
      `the encoding '${codec.name}' failed to decode ${kindOf(data)}: ${String(cause)}`,
      { cause },
    );
  }
}

/** @internal Whether it is a promise, or something like one: the value is not there yet. */
export function isPromise(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

/** @internal What a value is, in words. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? `an object (${value.constructor?.name ?? 'no class'})` : `a ${typeof value}`;
}

function invalid(message: string): never {
  throw new MemTableError('MEMTABLE_INVALID_OPTION', message);
}
