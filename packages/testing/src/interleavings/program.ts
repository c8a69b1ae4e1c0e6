import fc from 'fast-check';
import type { ComparatorName } from '../arbitraries/comparators.js';
import type { MemtableListSupports, WriteBufferSupports } from '../contract.js';
import type { FlushOutcome } from '../faults.js';

/**
 * Actions for a list of memtables or a write buffer. Every action, timer and step of a flush is a task of a scheduler,
 * which chooses their order.
 */
export interface ListProgram {
  /**
   * An action is one of these:
   * - `write a -b C` sets a, deletes b, and sets c to a long value, as one batch;
   * - `admit a -b` waits for its turn and then writes; `admit` waits and writes nothing;
   * - `flush` and `close`;
   * - `abort 3` aborts the signal of action 3, which may not have begun. Actions count from 0.
   *
   * `write a & flush > write b` is one caller with three steps. It does not wait for a step before `&`. After a step
   * before `>` it goes on in the microtask in which that step settles.
   */
  readonly actions: readonly string[];
  /** What the flush target does, call by call. After the end every call resolves. */
  readonly script: readonly FlushOutcome[];
  /** The order of the keys; undefined for the order of the bytes. */
  readonly comparator?: ComparatorName | undefined;
}

/** The keys that programs write. */
export const KEYS = ['a', 'b', 'c'] as const;
/** The same keys with leading zeros, which the order `numeric` ignores. */
const SPELLINGS = ['0a', '00b'] as const;

interface Kinds {
  readonly admits: boolean;
  readonly comparators: boolean;
  readonly longValueWeight: number;
  readonly timeouts: boolean;
}

/** Programs of up to 14 actions for a list. An action that needs a missing feature never comes up. */
export function listPrograms({
  admit,
  comparators = false,
  timeouts,
  valueBytesMax,
}: Pick<MemtableListSupports, 'admit' | 'comparators' | 'timeouts' | 'valueBytesMax'>): fc.Arbitrary<ListProgram> {
  return programs({
    admits: admit !== false,
    comparators,
    longValueWeight: valueBytesMax === false ? 0 : 1,
    timeouts,
  });
}

/** Programs of up to 14 actions for a write buffer. */
export function writeBufferPrograms({ timeouts }: Pick<WriteBufferSupports, 'timeouts'>): fc.Arbitrary<ListProgram> {
  return programs({ admits: true, comparators: false, longValueWeight: 6, timeouts });
}

function programs({ admits, comparators, longValueWeight, timeouts }: Kinds): fc.Arbitrary<ListProgram> {
  const put = comparators ? fc.constantFrom(...KEYS, ...SPELLINGS) : fc.constantFrom(...KEYS);
  const operation = fc.oneof(
    { weight: 4, arbitrary: put },
    { weight: 2, arbitrary: put.map((key) => `-${key}`) },
    { weight: longValueWeight, arbitrary: put.map((key) => key.toUpperCase()) },
  );
  // Each batch begins with a put, whose value identifies the batch.
  const batch = fc.tuple(put, fc.array(operation, { maxLength: 3 })).map(([first, more]) => [first, ...more].join(' '));
  const step = fc.oneof(
    { weight: 16, arbitrary: batch.map((words) => `write ${words}`) },
    { weight: admits ? 4 : 0, arbitrary: batch.map((words) => `admit ${words}`) },
    { weight: admits ? 2 : 0, arbitrary: fc.constant('admit') },
    { weight: 4, arbitrary: fc.constant('flush') },
  );
  const then = fc.tuple(fc.constantFrom('>', '>', '&'), step).map((words) => words.join(' '));
  const caller = fc
    .tuple(step, fc.array(then, { minLength: 1, maxLength: 5 }))
    .map(([first, more]) => [first, ...more].join(' '));
  const action = fc.oneof(
    { weight: 20, arbitrary: step },
    { weight: 8, arbitrary: caller },
    { weight: 8, arbitrary: fc.nat(9).map((number) => `abort ${number}`) },
    { weight: 1, arbitrary: fc.constant('close') },
  );
  const outcomes: FlushOutcome[] = ['resolves', 'rejects', 'throws', 'half-writes'];
  return fc.record({
    actions: fc.array(action, { minLength: 1, maxLength: 14, size: 'max' }).map(aimAborts),
    script: fc.array(fc.constantFrom(...outcomes, ...(timeouts ? (['hangs'] as const) : [])), { maxLength: 5 }),
    ...(comparators && { comparator: fc.constantFrom(undefined, 'numeric' as const) }),
  });
}

/** Aims each abort at an action of the program that is no abort, and removes those that have none to aim at. */
function aimAborts(actions: readonly string[]): string[] {
  const aims = actions.flatMap((action, number) => (action.startsWith('abort') ? [] : [number]));
  return actions.flatMap((action) => {
    if (!action.startsWith('abort')) return [action];
    const aim = aims[Number(action.slice('abort '.length)) % aims.length];
    return aim === undefined ? [] : [`abort ${aim}`];
  });
}
