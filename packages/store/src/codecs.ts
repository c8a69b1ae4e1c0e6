import type { Addr } from '@memtable/arena';
import { valueLengthOf, valueStartOf } from '@memtable/memtable/internal';
import { type Codec, codecOf, decode, encode } from './encoding.js';
import type { EncodingOptions } from './options.js';
import type { Retention } from './retention.js';
import type { StoreState } from './state.js';
import type { StoreTable } from './table.js';

/** The encodings of a store, and those of single calls. */
export class Codecs {
  readonly key: Codec;
  value: Codec;
  #retention: Retention | undefined;
  readonly #replaces: boolean;
  readonly #state: StoreState;

  /** @param replaces - lone surrogates become U+FFFD */
  constructor({ keyEncoding, valueEncoding }: EncodingOptions, replaces: boolean, state: StoreState) {
    this.#replaces = replaces;
    this.#state = state;
    this.key = codecOf('keyEncoding', keyEncoding, replaces);
    this.value = codecOf('valueEncoding', valueEncoding, replaces);
  }

  /** Puts a head in front of all values from now on. */
  adopt(retention: Retention): void {
    this.#retention = retention;
    this.value = retention.frame(this.value);
  }

  keyOf(options: EncodingOptions | undefined, otherwise = this.key): Codec {
    const encoding = options?.keyEncoding;
    return encoding === undefined ? otherwise : codecOf('keyEncoding', encoding, this.#replaces);
  }

  valueOf(options: EncodingOptions | undefined, otherwise = this.value): Codec {
    const encoding = options?.valueEncoding;
    if (encoding === undefined) return otherwise;
    const codec = codecOf('valueEncoding', encoding, this.#replaces);
    return this.#retention === undefined ? codec : this.#retention.frame(codec);
  }

  /**
   * @param valueCodec - encodes the value next. Its encoder may reuse the memory of the encoded key, so that is copied
   */
  encodeKey(key: unknown, codec: Codec, valueCodec?: Codec): string | Uint8Array {
    // Check before the encoder runs: it may reuse the memory of a key that the comparator is looking at.
    this.#state.checkNotComparing();
    const stored = encode('key', codec, key);
    return valueCodec?.encode === undefined ? stored : owned(stored);
  }

  decodeValue(table: StoreTable, entry: Addr, codec: Codec): unknown {
    const { u8, view } = table.arena.memory;
    return decode(codec, u8, view, valueStartOf(view, entry), valueLengthOf(view, entry));
  }
}

/** A copy of bytes that their owner may change. It does not use `slice`, which copies nothing for a `Buffer`. */
export function owned(stored: string | Uint8Array): string | Uint8Array {
  return typeof stored === 'string' ? stored : new Uint8Array(stored);
}
