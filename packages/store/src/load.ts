import type { Codecs } from './codecs.js';
import type { Commit } from './commit.js';
import { encode, kindOf } from './encoding.js';
import type { EncodingOptions } from './options.js';
import type { StoreState } from './state.js';

/**
 * Loads all entries of an iterable, or none. The state is `loading` meanwhile: the iterable is user code, which may
 * read the store, but not write to it.
 * @returns the number of entries, and the bytes that the table took for them
 */
export function loadEntries(
  state: StoreState,
  codecs: Codecs,
  commit: Commit,
  entries: Iterable<readonly [unknown, unknown]>,
  options: EncodingOptions | undefined,
): { count: number; bytes: number } {
  const keyCodec = codecs.keyOf(options);
  const valueCodec = codecs.valueOf(options);
  if (typeof (entries as Partial<typeof entries> | null)?.[Symbol.iterator] !== 'function') {
    throw new TypeError(`the entries of a load must be an iterable, not ${kindOf(entries)}`);
  }
  state.checkNotFrozen();
  const load = commit.load();
  let count = 0;
  state.current = 'loading';
  try {
    for (const entry of entries) {
      if (typeof entry !== 'object' || (entry as unknown) === null) {
        throw new TypeError(`an entry of a load must be an array of key and value, not ${kindOf(entry)}`);
      }
      const key = codecs.encodeKey(entry[0], keyCodec, valueCodec);
      commit.addTo(load, count++, key, encode('value', valueCodec, entry[1]));
    }
    return { count, bytes: commit.link(load, count) };
  } catch (error) {
    commit.abandon(load, error);
    throw error;
  } finally {
    state.current = 'open';
  }
}
