import { printed } from '@memtable/arena';
import { WriteBatch } from '@memtable/memtable';
import type { Codecs } from './codecs.js';
import { encode, kindOf } from './encoding.js';
import type { BatchOperation, EncodingOptions } from './options.js';

/** A batch with more memory than this is not kept for the next call. */
const SPARE_BYTES_MAX = 64 << 10;

/** Encodes the operations of `store.batch()` as a write batch. The next call reuses its memory. */
export class BatchEncoder<K, V> {
  readonly #codecs: Codecs;
  readonly #bytesMax: number;
  #spare: WriteBatch | undefined;

  /** @param bytesMax - upper bound on the bytes of a batch */
  constructor(codecs: Codecs, bytesMax: number) {
    this.#codecs = codecs;
    this.#bytesMax = bytesMax;
  }

  /** Bytes of the memory that is kept. */
  get scratchBytes(): number {
    return this.#spare?.capacityBytes ?? 0;
  }

  /**
   * Encodes a batch, which the caller owns until {@link BatchEncoder.giveBack}. User code runs meanwhile and may encode
   * another batch.
   * @param full - makes the error for a batch of more than `bytesMax` bytes
   * @throws TypeError; MemTableError `MEMTABLE_ENCODING_FAILED`; the error of `full`
   */
  encode(
    operations: readonly BatchOperation<K, V>[],
    options: EncodingOptions | undefined,
    full: (bytes: number) => Error,
  ): WriteBatch {
    if (!Array.isArray(operations)) throw new TypeError(`a batch must be an array, not ${kindOf(operations)}`);
    const batchKeyCodec = this.#codecs.keyOf(options);
    const batchValueCodec = this.#codecs.valueOf(options);
    const batch = this.#spare ?? new WriteBatch();
    this.#spare = undefined;
    for (const operation of operations as readonly BatchOperation<K, V>[]) {
      if (typeof operation !== 'object' || operation === null) {
        throw new TypeError(`an operation of a batch must be an object, not ${kindOf(operation)}`);
      }
      const { type } = operation;
      if (type !== 'put' && type !== 'del') {
        throw new TypeError(`the type of an operation must be 'put' or 'del': ${printed(type)}`);
      }
      const keyCodec = this.#codecs.keyOf(operation, batchKeyCodec);
      const valueCodec = this.#codecs.valueOf(operation, batchValueCodec);
      const key = this.#codecs.encodeKey(operation.key, keyCodec, valueCodec);
      const value = type === 'put' ? encode('value', valueCodec, operation.value) : undefined;
      if (!batch.add(key, value, this.#bytesMax)) throw full(batch.byteLength + key.length);
    }
    return batch;
  }

  /** Takes a batch back, for the next call. */
  giveBack(batch: WriteBatch): void {
    if (batch.capacityBytes <= SPARE_BYTES_MAX) this.#spare = batch.clear();
  }
}
