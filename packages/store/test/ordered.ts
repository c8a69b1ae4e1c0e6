/** Random ordered keys, and the order that they should have. */
import { LcgRandom } from '@memtable/testing';
import type { OrderedKey } from '../src/ordered.js';

/** Place of a type in the order: that of the keys of IndexedDB, behind null and booleans. */
function typeRank(key: OrderedKey): number {
  if (key === null) return 0;
  if (typeof key === 'boolean') return 1;
  if (typeof key === 'number') return 2;
  if (key instanceof Date) return 3;
  if (typeof key === 'string') return 4;
  return key instanceof Uint8Array ? 5 : 6;
}

/** Compares values. It knows nothing of bytes, except of those that are keys. */
export function compareValues(a: OrderedKey, b: OrderedKey): number {
  const difference = typeRank(a) - typeRank(b);
  if (difference !== 0 || a === null || b === null) return difference;
  if (typeof a === 'string') return compareItems(codePoints(a), codePoints(b as string));
  if (a instanceof Uint8Array) return compareItems([...a], [...(b as Uint8Array)]);
  if (Array.isArray(a)) return compareItems(a as OrderedKey[], b as OrderedKey[]);
  return Number(a) < Number(b) ? -1 : Number(a) > Number(b) ? 1 : 0;
}

const codePoints = (text: string): number[] => Array.from(text, (character) => character.codePointAt(0)!);

function compareItems(a: readonly OrderedKey[], b: readonly OrderedKey[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = compareValues(a[i], b[i]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

const NUMBERS = [
  0,
  1,
  -1,
  0.5,
  9,
  10,
  255,
  256,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  1e300,
  5e-324,
  2 ** -1022,
  Infinity,
  Math.PI,
];
const CHARACTERS = [
  '\0',
  '\x01',
  '\x08',
  'a',
  'b',
  ' ',
  '~',
  '\x7f',
  'ä',
  '\u07ff',
  '\uffff',
  '\u{10000}',
  '\u{1f600}',
];
const BYTES = [0, 1, 6, 8, 127, 128, 254, 255];
const TIMES = [0, 1, -1, 8.64e15, -8.64e15, 1_700_000_000_000];

/** Draws keys that lie close together, because any encoding orders those that lie apart. */
export class RandomKeys {
  readonly #random: LcgRandom;

  constructor(seed: number) {
    this.#random = new LcgRandom(seed);
  }

  /** Two keys. Half of the pairs differ in one place only. */
  pair(): [OrderedKey, OrderedKey] {
    const key = this.key();
    return [key, this.#random.oneIn(2) ? this.key() : this.#changed(key)];
  }

  key(depth = 0): OrderedKey {
    const kind = this.#random.uniform(depth < 3 ? 10 : 7);
    if (kind === 0) return null;
    if (kind === 1) return this.#random.oneIn(2);
    if (kind === 2) return (this.#random.oneIn(2) ? 1 : -1) * this.#of(NUMBERS) + 0; // No -0.
    if (kind === 3) return this.#random.uniform(0x7fffffff) / (1 + this.#random.uniform(1000));
    if (kind === 4) return new Date(this.#of(TIMES));
    if (kind === 5) return this.#list(() => this.#of(CHARACTERS), this.#random.oneIn(20) ? 90 : 4).join('');
    if (kind === 6) return Uint8Array.from(this.#list(() => this.#of(BYTES), 4));
    return this.#list(() => this.key(depth + 1), 4);
  }

  #changed(key: OrderedKey): OrderedKey {
    if (typeof key === 'string') {
      const characters = Array.from(key);
      return characters.slice(0, this.#random.uniform(characters.length + 1)).join('') + this.#of(CHARACTERS);
    }
    if (typeof key === 'number') return key + (this.#random.oneIn(2) ? 1 : Number.EPSILON * key);
    if (!Array.isArray(key) || key.length === 0) return this.#random.oneIn(2) ? [key] : this.key();
    const items = [...(key as OrderedKey[])];
    const i = this.#random.uniform(items.length);
    items[i] = this.#changed(items[i]);
    return items;
  }

  #of<T>(list: readonly T[]): T {
    return list[this.#random.uniform(list.length)];
  }

  #list<T>(draw: () => T, lengthMax: number): T[] {
    return Array.from({ length: this.#random.uniform(lengthMax + 1) }, draw);
  }
}

/** Throws for the first of so many pairs whose bytes sort otherwise than the keys, or that does not come back. */
export function checkPairs(
  { encode, decode }: { encode: (key: OrderedKey) => string | Uint8Array; decode: (bytes: Uint8Array) => OrderedKey },
  count: number,
  seed: number,
): void {
  const random = new RandomKeys(seed);
  for (let i = 0; i < count; i++) {
    const [a, b] = random.pair();
    const [aBytes, bBytes] = [a, b].map((key) => (encode(key) as Uint8Array).slice());
    const [wanted, found] = [compareValues(a, b), Buffer.compare(aBytes, bBytes)];
    if (Math.sign(wanted) !== found) fail(`they sort ${found}, not ${Math.sign(wanted)}`, i, [a, b]);
    if (compareValues(a, decode(aBytes)) !== 0) fail('the first one comes back as another', i, [a, b]);
  }

  function fail(what: string, i: number, keys: unknown): never {
    throw new Error(`pair ${i} of seed ${seed}: ${what}: ${JSON.stringify(keys)}`);
  }
}
