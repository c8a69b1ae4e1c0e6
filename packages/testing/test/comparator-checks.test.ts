import type { WriteBatch } from '@memtable/memtable';
import { MemTable, type MemTableOptions, type Sequence, type ValueType } from '@memtable/memtable';
import { memTableHarness } from '../../memtable/test/harness.js';
import { type Comparator, memtableConformance, type MemtableHarness } from '../src/index.js';
import { expectNumbersOnly, expectRefusedInside } from '../src/traits/inside-comparator.js';
import { tableMethods } from '../src/traits/methods.js';

/** A refusal with a code. */
class Refusal extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** A table that refuses calls inside its comparator, and answers of the comparator that are no numbers. */
class GuardedTable extends MemTable {
  readonly #guard: { isComparing: boolean };

  constructor({ comparator, ...options }: MemTableOptions) {
    const guard = { isComparing: false };
    super(comparator === undefined ? options : { ...options, comparator: guarded(comparator, guard) });
    this.#guard = guard;
  }

  override add(sequence: number, type: ValueType, key: Uint8Array, value?: Uint8Array) {
    this.#enter();
    super.add(sequence, type, key, value);
  }

  override apply(batch: WriteBatch, sequence: number) {
    this.#enter();
    super.apply(batch, sequence);
  }

  override get(key: Uint8Array, sequence?: Sequence) {
    this.#enter();
    return super.get(key, sequence);
  }

  override iterator() {
    this.#enter();
    return super.iterator();
  }

  override verify() {
    this.#enter();
    super.verify();
  }

  override freeze() {
    this.#enter();
    super.freeze();
  }

  override drop() {
    this.#enter();
    super.drop();
  }

  #enter() {
    if (this.#guard?.isComparing) throw new Refusal('REENTERED');
  }
}

function guarded(comparator: Comparator, guard: { isComparing: boolean }): Comparator {
  return (a, b) => {
    guard.isComparing = true;
    try {
      const order = comparator(a, b);
      if (typeof order !== 'number' || Number.isNaN(order)) throw new Refusal('INVALID_COMPARATOR');
      return order;
    } finally {
      guard.isComparing = false;
    }
  };
}

const { supports } = memTableHarness();
const harness: MemtableHarness<MemTable> = {
  factory: (options) => new GuardedTable(options),
  supports: {
    ...supports,
    attach: false,
    allocator: false,
    comparatorChecks: true,
    errorCodes: { ...supports.errorCodes, reentered: 'REENTERED', invalidComparator: 'INVALID_COMPARATOR' },
  },
};

describe('a MemTable that checks its comparator', () => {
  memtableConformance({ describe, it, ...harness, numRuns: 20 });
});

describe('the suite catches a table that does not check its comparator', () => {
  /** Makes a table that turns every answer into a number, and allows every call. */
  const filled = (comparator: Comparator) => {
    const table = new MemTable({ comparator: (a, b) => Number(comparator(a, b) ?? 0) || 0 });
    for (const sequence of [1, 2, 3]) table.add(sequence, 1, Uint8Array.of(0x60 + sequence), Uint8Array.of(sequence));
    return table;
  };
  const unchecked = { ...harness.supports, errorCodes: {} } as Parameters<typeof expectNumbersOnly>[1];

  test('when the comparator returns no number', () => {
    expect(() => expectNumbersOnly(filled, unchecked)).toThrow('should be refused');
  });

  test('when the comparator uses the table', () => {
    /** Answers inside its comparator as a half done search would. */
    class UncheckedTable extends MemTable {
      override get(key: Uint8Array, sequence?: Sequence) {
        return isComparing ? undefined : super.get(key, sequence);
      }
    }
    let isComparing = false;
    const make = (comparator: Comparator) => {
      const table = new UncheckedTable({
        comparator: (a, b) => {
          isComparing = true;
          try {
            return comparator(a, b);
          } finally {
            isComparing = false;
          }
        },
      });
      for (const sequence of [1, 2, 3]) table.add(sequence, 1, Uint8Array.of(0x60 + sequence), Uint8Array.of(sequence));
      return table;
    };
    const get = tableMethods.find(({ name }) => name.startsWith('table.get'))!;
    expect(() => expectRefusedInside(get, make, unchecked)).toThrow('should be refused inside the comparator');
  });
});
