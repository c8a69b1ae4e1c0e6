import { printed } from '@memtable/arena';
import { MemTableError } from '@memtable/memtable';
import { BufferClass, checkBytes, copyOut, copyOutBuffer, isBytes, readText } from '@memtable/memtable/internal';

/**
 * The form of stored data that `decode` of an encoding takes: a string, a Node `Buffer`, or a `Uint8Array`. The names
 * are abstract-level's.
 */
export type Format = 'utf8' | 'buffer' | 'view';

/**
 * Converts keys or values to stored data, and back. Encodings of `level-transcoder`, which abstract-level uses, fit. So
 * does any object with `encode` and `decode`, also one of an older shape: there `type` stands for `name`,
 * `buffer: false` for the format `utf8`, and a `code`, as multiformats have, for `view`. Both functions may use the
 * store. `encode` may reuse the memory of its last result.
 */
export interface Encoding<T> {
  /** A name for messages. @defaultValue 'anonymous' */
  readonly name?: string | undefined;
  /** The form of data that `decode` takes. @defaultValue 'buffer', or 'view' where there is no `Buffer` */
  readonly format?: Format | undefined;
  /**
   * Converts a key or value. The store copies the result. An error becomes the `cause` of `MEMTABLE_ENCODING_FAILED`.
   */
  encode(data: T): string | Uint8Array;
  /**
   * Converts stored data back. The function owns the copy that it gets. An error becomes the `cause` of
   * `MEMTABLE_ENCODING_FAILED`.
   * @param data - as `format` says: types cannot tell that of encodings that were made elsewhere
   */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  decode(data: any): T;
}

/**
 * Names of the encodings that the store has. `utf8`: strings. `buffer`: bytes, read as Node `Buffer`s. `view`: bytes,
 * read as `Uint8Array`s. `json`: anything that JSON has. All but `json` take strings and bytes alike.
 *
 * Keys of `json` sort as their texts do, so 10 comes before 9. They have no prefixes. The encoding of the module
 * `@memtable/store/ordered` sorts numbers and tuples by their values.
 */
export type EncodingName = Format | 'json';
/** The names of the encodings whose type `T` is. */
export type EncodingNameOf<T> =
  | 'json'
  | ([T] extends [string] ? 'utf8' : string extends T ? 'utf8' : never)
  | ([T] extends [Uint8Array] ? 'buffer' | 'view' : Uint8Array extends T ? 'buffer' | 'view' : never);
/** An encoding, or the name of one. */
export type EncodingOption<T> = EncodingNameOf<T> | Encoding<T>;
/** An encoding of any type, for a single call. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyEncoding = EncodingOption<any>;

/** @internal An encoding in the form that the store uses. */
export interface Codec {
  readonly name: string;
  readonly format: Format;
  /** Undefined when data is stored as it comes. */
  readonly encode: ((data: unknown) => unknown) | undefined;
  readonly decode: ((data: unknown) => unknown) | undefined;
  /** Lone surrogates become U+FFFD. Without it a string that has one is refused. */
  readonly replaces?: boolean;
  /** Puts a head in front of what another codec makes, and throws the errors of that one. */
  readonly isFrame?: boolean;
}

const plain = (format: Format, replaces: boolean): Codec => {
  return { name: format, format, encode: undefined, decode: undefined, replaces };
};

const REFUSING = { utf8: plain('utf8', false), buffer: plain('buffer', false), view: plain('view', false) };
const REPLACING = { utf8: plain('utf8', true), buffer: plain('buffer', true), view: plain('view', true) };
/** JSON escapes lone surrogates, so its text never has one. */
const JSON_CODEC: Codec = {
  name: 'json',
  format: 'utf8',
  encode: (data) => {
    if (isPromise(data)) throw new TypeError('a promise has no JSON: await it first');
    return JSON.stringify(data);
  },
  decode: (data) => JSON.parse(data as string) as unknown,
};

/**
 * @internal Checks an encoding option.
 * @param replaces - lone surrogates become U+FFFD
 * @throws MemTableError `MEMTABLE_INVALID_OPTION`; TypeError
 */
export function codecOf(option: string, encoding: AnyEncoding | undefined, replaces: boolean): Codec {
  const plainCodecs = replaces ? REPLACING : REFUSING;
  switch (encoding) {
    case undefined:
    case 'utf8':
      return plainCodecs.utf8;
    case 'view':
      return plainCodecs.view;
    case 'json':
      return JSON_CODEC;
    case 'buffer':
      if (BufferClass === undefined) invalid(`${option} is 'buffer', but there is no Buffer here: use 'view'`);
      return plainCodecs.buffer;
  }
  if (typeof encoding === 'string') {
    invalid(`${option} must be 'utf8', 'buffer', 'view', 'json' or an encoding: ${printed(encoding)}`);
  }
  if (typeof encoding !== 'object' || encoding === null) {
    throw new TypeError(`${option} must be a name or an encoding, not ${kindOf(encoding)}`);
  }
  const { type, buffer, code } = encoding as OlderEncoding;
  const bytes = BufferClass === undefined || Number.isInteger(code) ? 'view' : 'buffer';
  const { name = typeof type === 'string' ? type : 'anonymous', format = buffer === false ? 'utf8' : bytes } = encoding;
  if (typeof encoding.encode !== 'function' || typeof encoding.decode !== 'function') {
    throw new TypeError(
      `${option} must have the functions encode and decode: it has ${Object.keys(encoding).join(', ') || 'none'}`,
    );
  }
  if (format !== 'utf8' && format !== 'buffer' && format !== 'view') {
    invalid(`the format of ${option} must be 'utf8', 'buffer' or 'view': ${printed(format)}`);
  }
  return {
    name,
    format,
    encode: (data) => encoding.encode(data),
    decode: (data) => encoding.decode(data) as unknown,
    replaces,
  };
}

/** What an encoding of level-codec or multiformats has in place of a name and a format. */
interface OlderEncoding {
  readonly type?: unknown;
  readonly buffer?: unknown;
  readonly code?: unknown;
}

/** @internal Encodes a key or value for the store. @throws TypeError; MemTableError `MEMTABLE_ENCODING_FAILED` */
export function encode(what: 'key' | 'value', codec: Codec, data: unknown): string | Uint8Array {
  if (data === null || data === undefined) throw new TypeError(`the ${what} must not be ${kindOf(data)}`);
  let stored: unknown = data;
  if (codec.encode !== undefined) {
    try {
      stored = codec.encode(data);
    } catch (cause) {
      if (codec.isFrame === true || (codec === JSON_CODEC && isPromise(data))) throw cause;
      throw new MemTableError(
        'MEMTABLE_ENCODING_FAILED',
        `the encoding '${codec.name}' of the ${what} failed on ${kindOf(data)}: ${String(cause)}`,
        { cause },
      );
    }
  }
  if (typeof stored === 'string') {
    if (codec.replaces !== true && codec !== JSON_CODEC && !isWellFormed(stored)) throw illFormed(what, stored);
    return stored;
  }
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

/** @internal A string of one-byte characters is well-formed, and V8 knows which strings are. */
export const isWellFormed: (text: string) => boolean =
  'isWellFormed' in String.prototype
    ? (text) => (text as unknown as { isWellFormed(): boolean }).isWellFormed()
    : (text) => !LONE_SURROGATE.test(text);

const LONE_SURROGATE = /\p{Surrogate}/u;

function illFormed(what: 'key' | 'value', text: string): MemTableError {
  const position = text.search(LONE_SURROGATE);
  const unit = text.charCodeAt(position).toString(16).toUpperCase();
  return new MemTableError(
    'MEMTABLE_ENCODING_FAILED',
    `the ${what} is no text that UTF-8 can hold: half of a surrogate pair, U+${unit}, at position ${position}`,
  );
}

/** @internal Decodes a copy of stored bytes. @throws MemTableError `MEMTABLE_ENCODING_FAILED` */
export function decode(codec: Codec, u8: Uint8Array, view: DataView, start: number, length: number): unknown {
  const data = read(codec, u8, view, start, length);
  return decodeStored(codec, data);
}

/**
 * @internal Copies stored bytes, in the format of the codec. The copy is decoded later, when the memory may have
 * changed.
 */
export function read({ format }: Codec, u8: Uint8Array, view: DataView, start: number, length: number): unknown {
  if (format === 'utf8') return readText(u8, start, length);
  return format === 'view' ? copyOut(u8, view, start, length) : copyOutBuffer(u8, view, start, length);
}

/** @internal Decodes a copy that {@link read} made. @throws MemTableError `MEMTABLE_ENCODING_FAILED` */
export function decodeStored(codec: Codec, data: unknown): unknown {
  if (codec.decode === undefined) return data;
  try {
    return codec.decode(data);
  } catch (cause) {
    if (codec.isFrame === true) throw cause;
    throw new MemTableError(
      'MEMTABLE_ENCODING_FAILED',
      `the encoding '${codec.name}' failed to decode ${kindOf(data)}: ${String(cause)}`,
      { cause },
    );
  }
}

/** @internal Whether a value is a promise, or anything else with a function `then`. */
export function isPromise(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

/** @internal The kind of a value, and the value if that is short, for messages. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined || Array.isArray(value) || typeof value === 'function')
    return printed(value);
  if (typeof value === 'object') return `an object (${value.constructor?.name ?? 'no class'})`;
  return `the ${typeof value} ${printed(value)}`;
}

function invalid(message: string): never {
  throw new MemTableError('MEMTABLE_INVALID_OPTION', message);
}
