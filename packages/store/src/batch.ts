import { WriteBatch } from '@memtable/memtable';
import type { Codecs } from './codecs.js';
import { codecOf, encode, kindOf } from './encoding.js';
import type { BatchOperation, EncodingOptions } from './options.js';

/** The memory of a larger batch is not kept. */
const SPARE_BYTES_MAX = 64 << 10;

/** Turns the operations of `store.batch()` into a write batch, in memory that the next call uses again. */
export class BatchEncoder<K, V> {
  readonly #codecs: Codecs;
  readonly #bytesMax: number;
  #spare: WriteBatch | undefined;

  /** @param bytesMax - upper bound on a batch */
  constructor(codecs: Codecs, bytesMax: number) {
    this.#codecs = codecs;
    this.#bytesMax = bytesMax;
  }

  get scratchBytes(): number {
    return this.#spare?.capacityBytes ?? 0;
  }

  /**
   * A batch that belongs to its caller until {@link BatchEncoder.giveBack}: the code of the user's that runs here may make
   * another one.
   * @param full - the error when the batch is larger than so many bytes
   * @throws TypeError, MemTableError `MEMTABLE_ENCODING_FAILED`, `full`
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
      const { type, keyEncoding, valueEncoding } = operation;
      if (type !== 'put' && type !== 'del') {
        throw new TypeError(`the type of an operation must be 'put' or 'del': ${String(type)}`);
      }
      const keyCodec = keyEncoding === undefined ? batchKeyCodec : codecOf('keyEncoding', keyEncoding);
      const valueCodec = valueEncoding === undefined ? batchValueCodec : codecOf('valueEncoding', valueEncoding);
      const key = this.#codecs.encodeKey(operation.key, keyCodec, valueCodec);
      const value = type === 'put' ? encode('value', valueCodec, operation.value) : undefined;
      if (!batch.add(key, value, this.#bytesMax)) throw full(batch.byteLength + key.length);
    }
    return batch;
  }

  giveBack(batch: WriteBatch): void {
    if (batch.capacityBytes <= SPARE_BYTES_MAX) this.#spare = batch.clear();
  }
}
