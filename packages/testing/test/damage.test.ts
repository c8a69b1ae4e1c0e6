import fc from 'fast-check';
import {
  CounterexampleError,
  damaged,
  type DamageHarness,
  damages,
  type Mutation,
  replay,
  stringPool,
  strings,
  type SurvivalOptions,
  survivesDamage,
} from '../src/index.js';
import { interrupt } from './survival.js';

const isWellFormed = (text: string) => (text as unknown as { isWellFormed(): boolean }).isWellFormed();

/** A chain of blocks: each begins with the address of the next one. The first word is that of the first block. */
const chain = (): Uint8Array => {
  const words = new Int32Array(100);
  words[0] = 40;
  for (let block = 40; block < 360; block += 40) words[block / 4] = block < 320 ? block + 40 : 0;
  return new Uint8Array(words.buffer);
};

class Malformed extends Error {
  readonly code = 'MALFORMED';
}

/** Opens a chain, with each check that it is told to make. */
const chainOf = (checks: { address?: boolean; ring?: boolean } = {}) => ({
  open: (bytes: Uint8Array<ArrayBuffer>): DataView => {
    const view = new DataView(bytes.buffer);
    if (bytes.length < 4) throw new Malformed('too short');
    let count = 0;
    for (let at = view.getInt32(0, true); at !== 0; at = view.getInt32(at, true)) {
      if (checks.address === true && (at < 4 || at + 4 > bytes.length)) throw new Malformed(`no block at ${at}`);
      if (checks.ring === true && ++count > bytes.length) throw new Malformed('a ring');
    }
    return view;
  },
  use: (): void => {},
});

const options: SurvivalOptions = { sound: [chain()], msMax: () => 50, headBytes: 64, interrupt, seed: 1 };

const failureOf = <T>({ open, use }: Pick<DamageHarness<T>, 'open' | 'use'>, more = {}): CounterexampleError => {
  try {
    survivesDamage(open, use, { ...options, ...more });
  } catch (error) {
    expect(error).toBeInstanceOf(CounterexampleError);
    return error as CounterexampleError;
  }
  throw new Error('it survived');
};

test('a reader that checks all it follows survives, and the report counts what became of each input', () => {
  const { open, use } = chainOf({ address: true, ring: true });
  const report = survivesDamage(open, use, { ...options, numRuns: 500 });
  expect(report.runs).toBe(500);
  expect(report.accepted).toBeGreaterThan(50);
  expect(report.refused.MALFORMED).toBe(500 - report.accepted);
  expect(report.slowest).toHaveLength(5);
  const ms = report.slowest.map((input) => input.ms);
  expect(ms).toEqual(ms.toSorted((a, b) => b - a));
});

test('an error without a code is found, and the replay of its mutations shows it again', async () => {
  const unchecked = chainOf({ ring: true });
  const error = failureOf(unchecked);
  expect(error.message).toMatch(/^damage: an error without a code: .*\n\n {2}damaged\(sound\[0\], \[\n/);
  expect(error.lines).toHaveLength(2);
  const again = replay(error.json, { ...unchecked, ...options });
  await expect(again).rejects.toThrow(error.message.replace(/^seed: .*\n/m, ''));
  await replay(error.json, { ...chainOf({ address: true, ring: true }), ...options });
});

test('a ring that is followed for ever is interrupted and found', () => {
  const error = failureOf(chainOf({ address: true }), { msMax: () => 5 });
  expect(error.message).toContain('did not end within 100 ms');
});

test('an input that takes too long each time is found', () => {
  const open = (bytes: Uint8Array) => {
    const end = performance.now() + (bytes[0] === 40 ? 0 : 6);
    while (performance.now() < end);
  };
  expect(failureOf({ open, use: () => {} }, { msMax: () => 5 }).message).toMatch(
    /took \d+\.\d ms for 400 bytes, 5 are/,
  );
});

test('an exception of an accepted input is found, though it has a code', () => {
  const use = (bytes: Uint8Array) => {
    if (bytes[0] !== 40) throw new Malformed('too late');
  };
  expect(failureOf({ open: (bytes: Uint8Array) => bytes, use }).message).toContain('accepted, and then: too late');
});

test('a sound buffer that is refused is an error: nothing would be tested', () => {
  const open = (): never => {
    throw new Malformed('never');
  };
  expect(() => survivesDamage(open, () => {}, options)).toThrow('sound[0] is refused as it is: MALFORMED');
});

test('mutations of the caller come beside those of this package', () => {
  const kinds = {
    version: {
      args: () => fc.tuple(fc.nat(3)),
      apply: (bytes: Uint8Array, version: number) => void (bytes[0] = 100 + version),
    },
  };
  const found = fc.sample(damages(chain(), { kinds }), 500).flat();
  const names = new Set(found.map(([name]) => name));
  expect([...names].sort()).toEqual(['bit', 'copy', 'cut', 'fill', 'swap', 'version', 'word']);
  expect(damaged(chain(), [['version', 2]], { kinds })[0]).toBe(102);
  expect(() => damaged(chain(), [['version', 2]])).toThrow("there is no mutation 'version'");
});

test('each mutation changes what it says, on its own copy, and leaves out what lies beyond the end', () => {
  const sound = Uint8Array.from({ length: 12 }, (_, i) => i);
  const result = (...mutations: Mutation[]) => [...damaged(sound, mutations)];
  expect(result(['word', 4, 0x01020304])).toEqual([0, 1, 2, 3, 4, 3, 2, 1, 8, 9, 10, 11]);
  expect(result(['bit', 1, 7])).toEqual([0, 129, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  expect(result(['fill', 10, 5, 255])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 255, 255]);
  expect(result(['copy', 0, 8, 3])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 11]);
  expect(result(['swap', 0, 8])).toEqual([8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3]);
  expect(result(['cut', 3], ['word', 0, -1], ['bit', 3, 0], ['swap', 0, 4])).toEqual([0, 1, 2]);
  expect([...sound]).toEqual([...Array(12).keys()]);
  expect(damaged(sound.subarray(4), []).buffer.byteLength).toBe(8);
});

test('words become 0, 1, -1, lengths, offsets, neighbours and values of other words', () => {
  const sound = chain();
  const values = fc
    .sample(damages(sound, { headBytes: 64 }), 20_000)
    .flat()
    .filter(([name]) => name === 'word')
    .map(([, , value]) => value);
  for (const value of [0, 1, -1, 400, 399, 401, -400, 0x7fffffff, -0x80000000, 41, 39, 80, 320]) {
    expect(values).toContain(value);
  }
});

test('strings have lone halves of pairs, U+FFFE, NUL, composed and decomposed forms', () => {
  const sample = fc.sample(strings(), 3000);
  const kinds: Record<string, (text: string) => boolean> = {
    empty: (text) => text === '',
    'ill-formed': (text) => !isWellFormed(text),
    'lone high half': (text) => /[\ud800-\udbff](?![\udc00-\udfff])/.test(text),
    'lone low half': (text) => /(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text),
    'beyond U+FFFF': (text) => /[\u{10000}-\u{10ffff}]/u.test(text),
    'U+FFFE': (text) => text.includes('\ufffe'),
    NUL: (text) => text.includes('\0'),
    'byte order mark': (text) => text.startsWith('\ufeff'),
    composed: (text) => text !== text.normalize('NFD'),
    decomposed: (text) => text !== text.normalize('NFC'),
  };
  for (const [kind, holds] of Object.entries(kinds))
    expect({ kind, found: sample.some(holds) }).toEqual({ kind, found: true });
  expect(fc.sample(strings({ wellFormed: true }), 1000).every(isWellFormed)).toBe(true);
});

test('a pool of strings has those that an encoder or a normal form takes for one another', () => {
  const encode = (text: string) => Buffer.from(text).toString('hex');
  for (const pool of fc.sample(stringPool(), 200)) {
    expect(new Set(pool).size).toBe(pool.length);
    expect(new Set(pool.map(encode)).size).toBeLessThan(pool.length);
    expect(new Set(pool.map((text) => text.normalize('NFC'))).size).toBeLessThan(pool.length);
  }
  for (const pool of fc.sample(stringPool({ wellFormed: true }), 200)) {
    expect(pool.every(isWellFormed)).toBe(true);
    expect(new Set(pool.map(encode)).size).toBe(pool.length);
  }
});
