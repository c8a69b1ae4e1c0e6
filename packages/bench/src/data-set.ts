/** The entries of a case: their number, kind, sizes and order. */
export interface DataSet {
  readonly scenario: string;
  readonly entries: number;
  readonly keys: 'decimal' | 'random' | 'paths';
  /** Length of decimal and random keys. Paths keep their own length. */
  readonly keyBytes: number;
  readonly valueBytes: number;
  /** Text is ASCII. String keys and a store with all options at their defaults go with it. */
  readonly values: 'bytes' | 'text';
  readonly order: 'shuffled' | 'ascending';
  /** Whether nothing has run before in the process of the case. */
  readonly isCold: boolean;
  /** Whether one value in a hundred has 4 to 16 KiB. */
  readonly large: boolean;
}

interface Scenario extends Omit<DataSet, 'scenario' | 'entries'> {
  readonly about: string;
}

const MAIN = {
  keys: 'decimal',
  keyBytes: 16,
  valueBytes: 100,
  values: 'bytes',
  order: 'shuffled',
  isCold: false,
  large: false,
} as const;

const DEFAULTS = { values: 'text' } as const;

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  main: { ...MAIN, about: 'decimal keys with a long common prefix, 16/100 bytes, in random order' },
  defaults: { ...MAIN, ...DEFAULTS, about: 'as main, but string keys, string values, and every option at its default' },
  cold: { ...MAIN, ...DEFAULTS, isCold: true, about: 'as defaults, in a process in which nothing has run before' },
  'cold-bytes': { ...MAIN, isCold: true, about: 'as main, in a process in which nothing has run before' },
  small: { ...MAIN, keyBytes: 8, valueBytes: 8, about: 'decimal keys, 8/8 bytes, in random order' },
  random: { ...MAIN, keys: 'random', about: 'keys of random bytes, 16/100 bytes, in random order' },
  paths: { ...MAIN, keys: 'paths', about: 'paths of real files, values of 100 bytes, in random order' },
  ascending: { ...MAIN, order: 'ascending', about: 'decimal keys, 16/100 bytes, in ascending order' },
  large: { ...MAIN, large: true, about: 'as main, but one value in a hundred has 4 to 16 KiB' },
};

export function dataSet(scenario: string, entries: number): DataSet {
  const { keys, keyBytes, valueBytes, values, order, isCold, large } = SCENARIOS[scenario];
  return { scenario, entries, keys, keyBytes, valueBytes, values, order, isCold, large };
}

/** The name of a data set in results: `main-100k`. */
export function dataSetName({ scenario, entries }: Pick<DataSet, 'scenario' | 'entries'>): string {
  return `${scenario}-${shortNumber(entries)}`;
}

export function shortNumber(number: number): string {
  if (number >= 1e6 && number % 1e5 === 0) return `${number / 1e6}m`;
  return number >= 1e3 && number % 100 === 0 ? `${number / 1e3}k` : String(number);
}
