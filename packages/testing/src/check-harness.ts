/** Checks what a suite is called with: a factory, the declared features, and the options of the run. */
import type {
  MemtableListSupports,
  MemtableSupports,
  OrderedIndexSupports,
  StoreSupports,
  WriteBufferSupports,
} from './contract.js';
import { code } from './notation.js';
import type { RunOptions } from './run-options.js';

/** What the value of a feature may be. One in brackets may be left out. */
type Kind = 'flag' | 'call' | 'flag or call' | 'flag or number' | 'number' | 'object';
type Features<Supports> = {
  readonly [Name in keyof Required<Supports>]: undefined extends Supports[Name] ? readonly [Kind] : Kind;
};

const memtable: Features<MemtableSupports> = {
  backward: 'flag',
  liveCursors: 'flag',
  copies: 'flag',
  duplicates: 'flag',
  wideSequences: 'flag',
  comparators: 'flag',
  entryCount: 'flag',
  state: 'flag',
  memoryUsage: 'flag',
  verify: 'flag',
  freeze: 'flag',
  drop: 'flag',
  batches: 'flag or call',
  attach: 'flag or call',
  allocator: 'flag or call',
  comparatorChecks: ['flag'],
  errorCodes: 'object',
};
const orderedIndex: Features<OrderedIndexSupports> = {
  backward: 'flag',
  liveCursors: 'flag',
  comparators: 'flag',
  entryCount: 'flag',
  verify: 'flag',
  rollBack: 'flag or call',
};
const store: Features<StoreSupports> = {
  batches: 'flag',
  ranges: 'flag',
  snapshots: 'flag',
  copies: 'flag',
  flush: 'flag',
  has: ['flag'],
  count: ['flag'],
  clear: ['flag'],
  putIfAbsent: ['flag'],
  compareAndSet: ['flag'],
  update: ['flag'],
  iterators: ['flag'],
  verify: ['flag'],
  encodings: ['flag'],
  comparators: ['flag'],
  comparatorChecks: ['flag'],
  pins: ['flag or call'],
  errorCodes: ['object'],
};
const memtableList: Features<MemtableListSupports> = {
  write: 'call',
  admit: 'object',
  remaining: 'call',
  ordered: 'flag',
  timeouts: 'flag',
  comparators: ['flag'],
  valueBytesMax: 'flag or number',
};
const writeBuffer: Features<WriteBufferSupports> = {
  write: 'call',
  isFull: 'call',
  admit: 'call',
  get: 'call',
  discard: 'call',
  timeouts: 'flag',
  longValueBytes: 'number',
};

const suites: Readonly<Record<string, Readonly<Record<string, Kind | readonly [Kind]>>>> = {
  memtable,
  'ordered index': orderedIndex,
  store,
  'memtable list': memtableList,
  'write buffer': writeBuffer,
};

const descriptions: Readonly<Record<Kind, string>> = {
  flag: 'true or false',
  call: 'a function',
  'flag or call': 'false or a function',
  'flag or number': 'false or a number',
  number: 'a number',
  object: 'an object',
};

/** Whether a value is of a kind. */
function isOf(kind: Kind, value: unknown): boolean {
  switch (kind) {
    case 'flag':
      return typeof value === 'boolean';
    case 'call':
      return typeof value === 'function';
    case 'flag or call':
      return value === false || typeof value === 'function';
    case 'flag or number':
      return value === false || typeof value === 'number';
    case 'number':
      return typeof value === 'number';
    case 'object':
      return value === false || (typeof value === 'object' && value !== null);
  }
}

/**
 * @param suite - its name, as in recordings
 * @throws TypeError unless there are a factory and all features of the suite, and no others
 */
export function checkHarness(
  suite: string,
  harness: { readonly factory?: unknown; readonly supports?: unknown },
): void {
  const features = suites[suite];
  const { factory, supports } = harness;
  if (typeof factory !== 'function') {
    throw new TypeError(
      `${suite}: factory should be a function that makes the object under test, found ${typeof factory}`,
    );
  }
  if (typeof supports !== 'object' || supports === null) {
    const nothing = {
      memtable: 'supportsNothing',
      'ordered index': 'indexSupportsNothing',
      store: 'storeSupportsNothing',
    };
    const hint = nothing[suite as keyof typeof nothing];
    const start = hint === undefined ? '' : ` Begin with \`supports: ${hint}\`.`;
    throw new TypeError(`${suite}: supports is missing, which says what to test.${start}`);
  }
  const all = Object.keys(features).join(', ');
  for (const name of Object.keys(supports)) {
    if (!(name in features)) throw new TypeError(`${suite}: supports.${name} is no feature. The features are: ${all}`);
  }
  for (const [name, kindOrOptional] of Object.entries(features)) {
    const value = (supports as Readonly<Record<string, unknown>>)[name];
    const isOptional = typeof kindOrOptional !== 'string';
    const kind = isOptional ? kindOrOptional[0] : kindOrOptional;
    if (isOf(kind, value) || (isOptional && value === undefined)) continue;
    const found = value === undefined ? 'it is left out' : `found ${code(value)}`;
    throw new TypeError(`${suite}: supports.${name} should be ${descriptions[kind]}, ${found}`);
  }
}

const RUN_OPTIONS = ['numRuns', 'seed', 'shrink'];
const CONFORMANCE_OPTIONS = ['describe', 'it', 'factory', 'supports', ...RUN_OPTIONS];

/** @throws TypeError for an option that is none, or a number that is none */
export function checkRunOptions(suite: string, options: RunOptions, known: readonly string[] = RUN_OPTIONS): void {
  for (const name of Object.keys(options)) {
    if (!known.includes(name))
      throw new TypeError(`${suite}: ${name} is no option. The options are: ${known.join(', ')}`);
  }
  const { numRuns = 1, seed = 0 } = options;
  if (!Number.isSafeInteger(numRuns) || numRuns < 1) {
    throw new TypeError(`${suite}: numRuns should be a whole number from 1, found ${String(numRuns)}`);
  }
  if (!Number.isSafeInteger(seed))
    throw new TypeError(`${suite}: seed should be a whole number, found ${String(seed)}`);
}

/**
 * Checks all that a suite of tests is called with.
 * @returns the options of the run alone
 * @throws TypeError that says what is wrong
 */
export function checkConformance(
  suite: string,
  options: RunOptions & { readonly describe?: unknown; readonly it?: unknown; readonly factory?: unknown },
): RunOptions {
  const { describe, it, numRuns, seed, shrink } = options;
  if (typeof describe !== 'function' || typeof it !== 'function') {
    throw new TypeError(`${suite}: describe and it should be those of your test runner: jest, vitest or node:test`);
  }
  checkRunOptions(suite, options, CONFORMANCE_OPTIONS);
  checkHarness(suite, options);
  return {
    ...(numRuns !== undefined && { numRuns }),
    ...(seed !== undefined && { seed }),
    ...(shrink !== undefined && { shrink }),
  };
}
