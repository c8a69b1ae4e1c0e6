/**
 * Lists of free memory. The links lie in the free items themselves, so a list costs no memory of its own: a head is a
 * word of a header, and an item is an address.
 *
 * ```
 *    single list   | next | tag | ...               chunks, slots
 *    double list   | ... | next | prev | ...        blocks, slabs: word `links` of an item, and the next word
 * ```
 */

/** Tells an item from other bytes: the value differs at any two addresses. */
export function tagOf(address: number, salt: number): number {
  return Math.imul(address ^ salt, 0x9e3779b1);
}

/** Puts an item first in a single list. */
export function push(words: Int32Array, head: number, item: number, tag: number): void {
  words[item >> 2] = words[head];
  words[(item >> 2) + 1] = tag;
  words[head] = item;
}

/** Takes the first item from a single list that has one. Clears its tag, as the item is in use from now on. */
export function pop(words: Int32Array, head: number): number {
  const item = words[head];
  words[head] = words[item >> 2];
  words[(item >> 2) + 1] = 0;
  return item;
}

/**
 * Whether an item is in a single list. O(1) for an item without its tag. A used item may hold its tag by chance, so the
 * list itself decides.
 */
export function isFree(words: Int32Array, head: number, item: number, tag: number): boolean {
  if (words[(item >> 2) + 1] !== tag) return false;
  let free = words[head];
  while (free !== 0 && free !== item) free = words[free >> 2];
  return free !== 0;
}

/** Puts an item first in a double list. */
export function link(words: Int32Array, head: number, item: number, links: number): void {
  const next = words[head];
  const at = (item >> 2) + links;
  words[at] = next;
  words[at + 1] = 0;
  if (next !== 0) words[(next >> 2) + links + 1] = item;
  words[head] = item;
}

/** Takes an item out of a double list. */
export function unlink(words: Int32Array, head: number, item: number, links: number): void {
  const at = (item >> 2) + links;
  const next = words[at];
  const prev = words[at + 1];
  if (next !== 0) words[(next >> 2) + links + 1] = prev;
  words[prev === 0 ? head : (prev >> 2) + links] = next;
}
