/**
 * A whole store as bytes, to write to a file or to post to a worker, and back. It is a module of its own,
 * `@memtable/store/bytes`. To scale, a column is a byte; numbers are little-endian:
 *
 * ```
 *    0               8       12      16
 *    |m e m s t o r e|version| crc   | entries ...
 *
 *    an entry: varint of n, varint of m, n bytes of the key, m bytes of the value
 *    |01|04|6b|76 76 76 76|
 * ```
 *
 * Entries come in the order of the store. The crc is the CRC-32C of all bytes behind it. The format knows neither
 * arenas nor indexes, so it outlives their layouts. The store that reads it puts the entries in its own order.
 */
import { MemTableError } from '@memtable/memtable';
import {
  checkBytes,
  crc32c,
  readVarint32,
  skipVarint,
  VARINT32_BYTES_MAX,
  writeVarint32,
} from '@memtable/memtable/internal';
import type { MemStoreArguments, ReadOptions } from './options.js';
import { MemStore } from './store.js';

const MAGIC = 'memstore';
const VERSION = 1;
const VERSION_AT = 8;
const CRC_AT = 12;
const HEAD_BYTES = 16;
const LENGTHS_BYTES_MAX = 2 * VARINT32_BYTES_MAX;

/**
 * All entries of a store as bytes, which the caller owns. O(bytes). Encodings and comparators are not part of them.
 * @param options - with a snapshot: the entries as they were then
 * @throws MemTableError `MEMTABLE_BUFFER_ONLY`: a store with a target lacks what has been flushed; `MEMTABLE_CLOSED`,
 * `MEMTABLE_SNAPSHOT_CLOSED`
 *
 * @example
 * ```ts
 * import { MemStore } from '@memtable/store';
 * import { fromBytes, toBytes } from '@memtable/store/bytes';
 *
 * const store = MemStore.from([['a', '1'], ['b', '2']]);
 * const bytes = toBytes(store);
 * bytes.length; // 24
 * const copy = fromBytes(bytes);
 * [...copy]; // [['a', '1'], ['b', '2']]
 * ```
 */
export function toBytes<K, V>(
  store: MemStore<K, V>,
  options: Pick<ReadOptions, 'snapshot'> = {},
): Uint8Array<ArrayBuffer> {
  store.checkComplete('toBytes');
  const { snapshot } = options;
  const iterator = store.iterator({ snapshot });
  // An entry of the table is longer than here. A snapshot may see more entries, so the bytes can still grow.
  let u8 = new Uint8Array(HEAD_BYTES + store.stats().liveBytes);
  let view = new DataView(u8.buffer);
  let at = HEAD_BYTES;
  try {
    while (iterator.step()) {
      const { keyView, valueView } = iterator;
      const end = at + LENGTHS_BYTES_MAX + keyView.length + valueView.length;
      if (end > u8.length) {
        const old = u8;
        u8 = new Uint8Array(2 * end);
        view = new DataView(u8.buffer);
        u8.set(old.subarray(0, at));
      }
      at = writeVarint32(view, at, keyView.length);
      at = writeVarint32(view, at, valueView.length);
      u8.set(keyView, at);
      u8.set(valueView, at + keyView.length);
      at += keyView.length + valueView.length;
    }
  } finally {
    iterator.close();
  }
  for (let i = 0; i < MAGIC.length; i++) u8[i] = MAGIC.charCodeAt(i);
  view.setUint32(VERSION_AT, VERSION, true);
  view.setUint32(CRC_AT, crc32c(u8, HEAD_BYTES, at), true);
  return u8.slice(0, at);
}

/**
 * Makes a store of the bytes of {@link toBytes}. It copies them. O(bytes), and O(n log n) comparisons with a
 * comparator.
 * @param options - of the new store, whose encodings and comparator may differ from those of the old one
 * @throws MemTableError `MEMTABLE_MALFORMED`: the bytes are damaged or cut, or none of a store; the message says where.
 * As the constructor of {@link MemStore} and {@link MemStore.load}; then there is no store
 */
export function fromBytes<K = string, V = string>(
  bytes: Uint8Array,
  ...options: MemStoreArguments<K, V>
): MemStore<K, V> {
  checkBytes('the argument of fromBytes', bytes);
  checkHead(bytes);
  const store = new MemStore<K, V>(...options);
  try {
    const entries = entriesIn(bytes) as Iterable<[never, never]>;
    const count = store.load(entries, { keyEncoding: 'view', valueEncoding: 'view' });
    if (store.size !== count) malformed(`${count} entries have ${store.size} keys`);
  } catch (error) {
    store.close({ discard: true });
    throw error;
  }
  return store;
}

function checkHead(bytes: Uint8Array): void {
  if (bytes.length < HEAD_BYTES) malformed(`${bytes.length} bytes are no store: its head has ${HEAD_BYTES}`);
  for (let i = 0; i < MAGIC.length; i++) {
    if (bytes[i] !== MAGIC.charCodeAt(i)) malformed(`the bytes are no store: they do not begin with '${MAGIC}'`);
  }
  const view = viewOf(bytes);
  const version = view.getUint32(VERSION_AT, true);
  if (version !== VERSION) malformed(`the bytes at ${VERSION_AT} say version ${version}, ${VERSION} is known`);
  const [written, found] = [view.getUint32(CRC_AT, true), crc32c(bytes, HEAD_BYTES)];
  if (written !== found) malformed(`the bytes from ${HEAD_BYTES} on have the checksum ${found}, not ${written}`);
}

/** The entries behind the head, as parts of the bytes. */
function* entriesIn(bytes: Uint8Array): Generator<[key: Uint8Array, value: Uint8Array]> {
  const view = viewOf(bytes);
  let at = HEAD_BYTES;
  while (at < bytes.length) {
    const keyLength = readVarint32(view, at, bytes.length);
    const valueLengthAt = keyLength === -1 ? at : skipVarint(view, at);
    const valueLength = readVarint32(view, valueLengthAt, bytes.length);
    if (keyLength === -1 || valueLength === -1) malformed(`the entry at ${at} has no lengths`);
    const start = skipVarint(view, valueLengthAt);
    const end = start + keyLength + valueLength;
    if (end > bytes.length) malformed(`the entry at ${at} ends at ${end}, the bytes at ${bytes.length}`);
    yield [bytes.subarray(start, start + keyLength), bytes.subarray(start + keyLength, end)];
    at = end;
  }
}

function viewOf({ buffer, byteOffset, length }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, length);
}

function malformed(message: string): never {
  throw new MemTableError('MEMTABLE_MALFORMED', message);
}
