import { del, put } from '../batch.js';
import type { WriteOperation } from '../contract.js';

const utf8 = new TextEncoder();

/** Whether a word of a program sets a long value. */
export function isLong(word: string): boolean {
  return word !== word.toLowerCase();
}

/** The write that a word of a program means. A long value begins with `value`. */
export function writeOf(word: string, value: Uint8Array, longValueBytes: number | false): WriteOperation {
  if (word.startsWith('-')) return del(utf8.encode(word.slice(1)));
  const key = utf8.encode(word.toLowerCase());
  if (!isLong(word) || longValueBytes === false) return put(key, value);
  const long = new Uint8Array(longValueBytes);
  long.set(value);
  return put(key, long);
}
