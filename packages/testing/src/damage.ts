/**
 * Damaged buffers, and the property that whoever opens one survives it.
 *
 * A damage is a list of mutations, each a name with whole numbers, so that it can be printed, pasted and kept in a
 * test:
 *
 * ```
 *   ['word', 24, -1]          the four bytes at 24 become -1, little-endian
 *   ['bit', 700, 3]           bit 3 of the byte at 700 is flipped
 *   ['fill', 512, 64, 255]    64 bytes at 512 become 255
 *   ['copy', 512, 900, 64]    64 bytes at 512 are copied to 900
 *   ['swap', 24, 28]          the words at 24 and 28 change places
 *   ['cut', 1000]             everything from byte 1000 on is missing
 * ```
 */
import fc from 'fast-check';
import { CounterexampleError, type Recording } from './counterexample.js';
import { TestingError } from './errors.js';
import { code } from './notation.js';

/** A change of a buffer: the name of a {@link MutationKind}, and what its `apply` takes. */
export type Mutation = readonly [kind: string, ...args: number[]];

/** One way to damage a buffer. Give your own to {@link damages} and {@link survivesDamage} by name. */
export interface MutationKind {
  /** Arguments for `apply`, whole numbers, that make sense for a sound buffer. */
  args(sound: Uint8Array): fc.Arbitrary<readonly number[]>;
  /**
   * Changes `bytes` in place, or returns other bytes. An earlier mutation may have cut them: leave out what lies beyond
   * their end.
   */
  apply(bytes: Uint8Array<ArrayBuffer>, ...args: number[]): Uint8Array<ArrayBuffer> | void;
}

/** Kinds of mutations by name. */
export type MutationKinds = Readonly<Record<string, MutationKind>>;

/** Bytes at the start of a buffer that are hit more often than others, unless the caller says otherwise. */
const HEAD_BYTES = 256;
/** Longest run that is overwritten or copied. */
const RUN_BYTES_MAX = 600;
/** Slow inputs that a report shows. */
const SLOWEST_COUNT = 5;
/** A slow input is measured this often. Each time must be slow: a busy machine is no failure. */
const MEASURE_COUNT = 3;
/** `interrupt` gets this many times the bound, so that a slow call still ends and can be measured again. */
const INTERRUPT_FACTOR = 20;

/** Where a buffer is damaged, and how. */
export interface DamageOptions {
  /** Bytes from the start on that say where everything else is. @defaultValue 256 */
  readonly headBytes?: number;
  /** Further kinds of mutations, by name. A name of this package replaces its kind. */
  readonly kinds?: MutationKinds;
}

/** The kinds of this package, which hit words, bits and runs. @param headBytes - see {@link DamageOptions} */
export function mutationKinds(headBytes: number = HEAD_BYTES): MutationKinds {
  return {
    word: {
      args: (sound) => wordPlaces(sound, headBytes).chain((at) => fc.tuple(fc.constant(at), wordValues(sound, at))),
      apply(bytes, at, value) {
        if (at + 4 <= bytes.length) viewOf(bytes).setInt32(at, value, true);
      },
    },
    bit: {
      args: (sound) => fc.tuple(places(sound, headBytes), fc.nat(7)),
      apply(bytes, at, bit) {
        if (at < bytes.length) bytes[at] ^= 1 << bit;
      },
    },
    fill: {
      args: (sound) =>
        fc.tuple(places(sound, headBytes), runLengths(), fc.oneof(fc.constantFrom(0x00, 0xff), fc.nat(0xff))),
      apply: (bytes, at, length, byte) => void bytes.fill(byte, at, at + length),
    },
    copy: {
      args: (sound) => fc.tuple(places(sound, headBytes), places(sound, headBytes), runLengths()),
      apply: (bytes, from, to, length) => void bytes.copyWithin(to, from, from + length),
    },
    swap: {
      args: (sound) => fc.tuple(wordPlaces(sound, headBytes), wordPlaces(sound, headBytes)),
      apply(bytes, a, b) {
        if (Math.max(a, b) + 4 > bytes.length) return;
        const view = viewOf(bytes);
        const [first, second] = [view.getInt32(a, true), view.getInt32(b, true)];
        view.setInt32(a, second, true);
        view.setInt32(b, first, true);
      },
    },
    cut: {
      args: (sound) => fc.tuple(fc.oneof(fc.nat(sound.length), wordPlaces(sound, headBytes))),
      apply: (bytes, length) => bytes.slice(0, length),
    },
  };
}

/**
 * A damaged copy of a buffer. It is the whole of its `ArrayBuffer`.
 * @throws TestingError `TESTING_MALFORMED` for a mutation of no known kind
 * @example
 * ```ts
 * import { damaged } from '@memtable/testing';
 *
 * const sound = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
 * [...damaged(sound, [['word', 0, -1], ['bit', 5, 0], ['cut', 6]])]; // [255, 255, 255, 255, 5, 7]
 * ```
 */
export function damaged(
  sound: Uint8Array,
  mutations: readonly Mutation[],
  options: DamageOptions = {},
): Uint8Array<ArrayBuffer> {
  const kinds = kindsOf(options);
  let bytes = Uint8Array.from(sound);
  for (const [name, ...args] of mutations) {
    const kind = kinds[name];
    if (kind === undefined) throw new TestingError('TESTING_MALFORMED', `there is no mutation '${name}'`);
    bytes = kind.apply(bytes, ...args) ?? bytes;
  }
  return bytes;
}

/**
 * Damages for a buffer: mostly one mutation, sometimes up to four.
 *
 * Words become 0, 1, -1, the smallest or largest number, lengths, offsets, or the value of another word. They are
 * chosen among those of the head, those that look like an address, and all others alike.
 * @param sound - at least four bytes
 */
export function damages(sound: Uint8Array, options: DamageOptions = {}): fc.Arbitrary<Mutation[]> {
  const kinds = Object.entries(kindsOf(options));
  const mutation = fc.oneof(
    ...kinds.map(([name, kind]) => ({
      weight: name === 'word' ? 5 : 1,
      arbitrary: kind.args(sound).map((args): Mutation => [name, ...args]),
    })),
  );
  return fc.oneof(
    { weight: 3, arbitrary: mutation.map((one) => [one]) },
    { weight: 1, arbitrary: fc.array(mutation, { minLength: 2, maxLength: 4 }) },
  );
}

/** What {@link survivesDamage} calls, and how it is run. */
export interface SurvivalOptions extends DamageOptions {
  /** Buffers that can be opened and used as they are. Each run damages one of them. */
  readonly sound: readonly Uint8Array[];
  /**
   * How long `open` and `use` may take for an input, in milliseconds. Let it grow with the buffer, and no faster:
   * `(bytes) => 20 + bytes / 1000`. Be generous, as other programs use the machine too.
   */
  readonly msMax: (byteLength: number) => number;
  /**
   * Runs a call, and throws if it has not ended after `ms` milliseconds. Without it a call that never ends is not
   * found: the property does not end either. In Node:
   *
   * ```typescript
   * const context = vm.createContext();
   * const script = new vm.Script('call()');
   * const interrupt = (call: () => void, ms: number): void => {
   *   context.call = call;
   *   script.runInContext(context, { timeout: ms });
   * };
   * ```
   */
  readonly interrupt?: (call: () => void, ms: number) => void;
  /** @defaultValue 1000 */
  readonly numRuns?: number;
  /** @defaultValue fast-check's global seed if there is one, else a new one */
  readonly seed?: number;
}

/** What became of the damaged buffers. */
export interface SurvivalReport {
  readonly runs: number;
  /** Buffers that were opened, and then used without an exception: nobody could see their damage. */
  readonly accepted: number;
  /** How many were refused, by the code of the error. */
  readonly refused: Readonly<Record<string, number>>;
  /** The five inputs that took the longest, the slowest first. */
  readonly slowest: readonly SlowInput[];
}

/** An input that took long, though not too long. */
export interface SlowInput {
  readonly ms: number;
  /** Place of the buffer in `sound`. */
  readonly sound: number;
  readonly mutations: readonly Mutation[];
}

/**
 * Checks that damaged bytes are refused or usable, in bounded time. For each input `open` either throws an error with a
 * string `code`, or succeeds; then `use` must not throw at all.
 * @param open - gets the whole of an `ArrayBuffer`, which is its own
 * @param use - makes all calls that the opened thing has
 * @throws CounterexampleError with the mutations, as few as possible; `replay` repeats it with `{ open, use,
 * ...options }`
 * @example
 * ```ts
 * import { survivesDamage } from '@memtable/testing';
 *
 * const open = (bytes: Uint8Array) => {
 *   if (bytes.length !== 8) throw Object.assign(new Error('8 bytes are needed'), { code: 'MALFORMED' });
 *   return bytes;
 * };
 * const use = (bytes: Uint8Array) => void bytes.at(7)!.toFixed();
 * const { accepted, refused } = survivesDamage(open, use, { sound: [new Uint8Array(8)], msMax: () => 50 });
 * accepted + refused.MALFORMED; // 1000
 * ```
 */
export function survivesDamage<Opened>(
  open: (bytes: Uint8Array<ArrayBuffer>) => Opened,
  use: (opened: Opened) => void,
  options: SurvivalOptions,
): SurvivalReport {
  const { sound, numRuns = 1000, seed } = options;
  for (const [i, bytes] of sound.entries()) {
    const outcome = outcomeOf(open, use, Uint8Array.from(bytes), options);
    if (outcome.code !== undefined) {
      throw new TestingError('TESTING_MISMATCH', `sound[${i}] is refused as it is: ${outcome.code}`);
    }
  }
  let accepted = 0;
  const refused: Record<string, number> = {};
  let slowest: SlowInput[] = [];
  const inputs = fc.oneof(...sound.map((bytes, i) => fc.tuple(fc.constant(i), damages(bytes, options))));
  const property = fc.property(inputs, ([i, mutations]) => {
    const { code, ms } = outcomeOf(open, use, damaged(sound[i], mutations, options), options);
    if (code === undefined) accepted++;
    else refused[code] = (refused[code] ?? 0) + 1;
    if (slowest.length < SLOWEST_COUNT || ms > slowest[SLOWEST_COUNT - 1].ms) {
      slowest = [...slowest, { ms, sound: i, mutations }].sort((a, b) => b.ms - a.ms).slice(0, SLOWEST_COUNT);
    }
  });
  const details = fc.check(property, { numRuns, ...(seed === undefined ? {} : { seed }) });
  if (details.failed) {
    const [[i, mutations]] = details.counterexample!;
    const found = { seed: details.seed, run: details.numRuns };
    throw leaveOutNeedless({ open, use, ...options }, i, mutations, details.errorInstance, found);
  }
  return { runs: details.numRuns, accepted, refused, slowest };
}

/** What {@link survivesDamage} was given, in one object, for `replay`. */
export interface DamageHarness<Opened = unknown> extends SurvivalOptions {
  /** Opens bytes, which may be damaged: succeeds, or throws a coded error. */
  readonly open: (bytes: Uint8Array<ArrayBuffer>) => Opened;
  /** Makes all calls on the opened value. None may throw. */
  readonly use: (opened: Opened) => void;
}

/** @internal Runs the mutations of a recording. @throws CounterexampleError when they fail again */
export function replayDamage(harness: DamageHarness, recording: Recording): void {
  const i = recording.setup as number;
  const mutations = recording.operations as unknown as readonly Mutation[];
  const failure = failureOf(harness, i, mutations);
  if (failure !== undefined) throw counterexample(i, mutations, failure.error);
}

/** The counterexample without the mutations without which it fails too. */
function leaveOutNeedless<Opened>(
  harness: DamageHarness<Opened>,
  sound: number,
  mutations: readonly Mutation[],
  error: unknown,
  found: { readonly seed: number; readonly run: number },
): CounterexampleError {
  let [fewest, cause] = [mutations, error];
  for (let i = fewest.length - 1; i >= 0; i--) {
    const fewer = fewest.toSpliced(i, 1);
    const failure = failureOf(harness, sound, fewer);
    if (failure !== undefined) [fewest, cause] = [fewer, failure.error];
  }
  return counterexample(sound, fewest, cause, found);
}

function failureOf<Opened>(
  harness: DamageHarness<Opened>,
  sound: number,
  mutations: readonly Mutation[],
): { readonly error: unknown } | undefined {
  try {
    outcomeOf(harness.open, harness.use, damaged(harness.sound[sound], mutations, harness), harness);
    return undefined;
  } catch (error) {
    return { error };
  }
}

/**
 * What becomes of one input.
 * @returns `code` of the error that refused it, undefined if it was accepted
 * @throws TestingError `TESTING_MISMATCH`: an error without a code, one after it was accepted, or too long a time
 */
function outcomeOf<Opened>(
  open: (bytes: Uint8Array<ArrayBuffer>) => Opened,
  use: (opened: Opened) => void,
  bytes: Uint8Array<ArrayBuffer>,
  { msMax, interrupt }: SurvivalOptions,
): { readonly code: string | undefined; readonly ms: number } {
  const bound = msMax(bytes.length);
  let least = Infinity;
  for (let i = 0; i < MEASURE_COUNT; i++) {
    let outcome: { code: string | undefined; error?: unknown } | undefined;
    const copy = bytes.slice();
    const begin = performance.now();
    const call = (): void => void (outcome = attempt(open, use, copy));
    if (interrupt === undefined) call();
    else {
      try {
        interrupt(call, bound * INTERRUPT_FACTOR);
      } catch (cause) {
        fail(`did not end within ${bound * INTERRUPT_FACTOR} ms`, cause);
      }
    }
    least = Math.min(least, performance.now() - begin);
    const { code, error } = outcome!;
    if (error !== undefined) fail(code === undefined ? 'an error without a code' : 'accepted, and then', error);
    if (least <= bound) return { code, ms: least };
  }
  return fail(`took ${least.toFixed(1)} ms for ${bytes.length} bytes, ${bound} are allowed`);
}

/** Opens and uses. `error` is what must not happen: without `code` when opening, with one when using. */
function attempt<Opened>(
  open: (bytes: Uint8Array<ArrayBuffer>) => Opened,
  use: (opened: Opened) => void,
  bytes: Uint8Array<ArrayBuffer>,
): { code: string | undefined; error?: unknown } {
  let opened: Opened;
  try {
    opened = open(bytes);
  } catch (error) {
    const code = codeOf(error);
    return code === undefined ? { code, error } : { code };
  }
  try {
    use(opened);
  } catch (error) {
    return { code: 'accepted', error };
  }
  return { code: undefined };
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}

function fail(what: string, cause?: unknown): never {
  const text = cause instanceof Error ? `${what}: ${cause.message}` : what;
  throw new TestingError('TESTING_MISMATCH', text, { cause });
}

function counterexample(
  sound: number,
  mutations: readonly Mutation[],
  cause: unknown,
  found?: { readonly seed: number; readonly run: number },
): CounterexampleError {
  const recording = { suite: 'damage', setup: sound, operations: mutations };
  return new CounterexampleError(recording, `damaged(sound[${sound}], [`, [...mutations.map(line), '])'], cause, found);
}

function line(mutation: Mutation): string {
  return `  ${code(mutation)},`;
}

function kindsOf({ headBytes, kinds }: DamageOptions): MutationKinds {
  return { ...mutationKinds(headBytes), ...kinds };
}

function viewOf({ buffer, byteOffset, length }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, length);
}

function runLengths(): fc.Arbitrary<number> {
  return fc.oneof(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: RUN_BYTES_MAX }));
}

/** Addresses of bytes: of the head, and of all alike. */
function places(sound: Uint8Array, headBytes: number): fc.Arbitrary<number> {
  return fc.oneof(
    fc.nat(Math.min(headBytes, sound.length) - 1),
    fc.nat(sound.length - 1),
    wordPlaces(sound, headBytes),
  );
}

/** Addresses of words: of the head, of those that look like an address, and of all alike. */
function wordPlaces(sound: Uint8Array, headBytes: number): fc.Arbitrary<number> {
  const words = sound.length >> 2;
  const links = linksOf(sound);
  return fc.oneof(
    { weight: 4, arbitrary: fc.nat(Math.min(headBytes >> 2, words) - 1).map((word) => 4 * word) },
    { weight: 1, arbitrary: fc.nat(words - 1).map((word) => 4 * word) },
    { weight: links.length > 0 ? 3 : 0, arbitrary: fc.nat(Math.max(0, links.length - 1)).map((i) => links[i]) },
  );
}

/** Values that hurt in the place of a word. */
function wordValues(sound: Uint8Array, at: number): fc.Arbitrary<number> {
  const { length } = sound;
  const view = viewOf(sound);
  const old = view.getInt32(at, true);
  const links = linksOf(sound);
  return fc.oneof(
    fc.constantFrom(0, 1, -1, 2, 0x7fffffff, -0x80000000, 0x7ff00000),
    fc.constantFrom(length, length - 1, length + 1, -length, 2 * length),
    fc.constantFrom(-576, -64, -8, -4, -1, 1, 4, 8, 64, 576).map((delta) => (old + delta) | 0),
    fc.constantFrom(old << 1, old >> 1, -old | 0, old ^ -0x80000000),
    fc.nat(length - 1),
    fc.nat(length >> 3).map((offset) => 8 * offset),
    fc.nat(Math.max(0, links.length - 1)).map((i) => (links.length === 0 ? 0 : view.getInt32(links[i], true))),
    fc.integer({ min: -0x80000000, max: 0x7fffffff }),
  );
}

const knownLinks = new WeakMap<Uint8Array, readonly number[]>();

/** Addresses of the words that look like an address: multiples of four inside the buffer, not 0. */
function linksOf(sound: Uint8Array): readonly number[] {
  let links = knownLinks.get(sound);
  if (links === undefined) {
    const view = viewOf(sound);
    const found: number[] = [];
    for (let at = 0; at + 4 <= sound.length; at += 4) {
      const value = view.getInt32(at, true);
      if (value >= 64 && value < sound.length && value % 4 === 0) found.push(at);
    }
    knownLinks.set(sound, (links = found));
  }
  return links;
}
