import fc from 'fast-check';
import type { ComparatorName } from '../arbitraries/comparators.js';
import type { MemtableListSupports, WriteBufferSupports } from '../contract.js';
import type { FlushOutcome } from '../faults.js';

/**
 * What happens to a list of memtables or to a write buffer, in whatever order: every action is a task of the scheduler,
 * and so is every timer and every step of a flush.
 */
export interface ListProgram {
  /**
   * `write a -b C` sets a, deletes b, and sets C to a long value; `admit a -b` writes as soon as it is admitted,
   * `admit` is admitted and writes nothing; `flush`; `close`; `abort 3` aborts the signal of the action with that number,
   * from 0, which may not have begun yet. `write a & flush > write b` is one caller: it does not wait for what stands
   * before `&`, and goes on in the very microtask in which what stands before `>` has settled.
   */
  readonly actions: readonly string[];
  /** What the flush target does, call by call; then it resolves. */
  readonly script: readonly FlushOutcome[];
  /** The order of the list; undefined for that of the bytes. */
  readonly comparator?: ComparatorName | undefined;
}

/** Keys that are written. */
export const KEYS = ['a', 'b', 'c'] as const;
/** Other spellings of them, for an order of numbers. */
const SPELLINGS = ['0a', '00b'] as const;

interface Kinds {
  readonly admits: boolean;
  readonly comparators: boolean;
  readonly longValueWeight: number;
  readonly timeouts: boolean;
}

/** Programs of up to a dozen actions. What is not supported does not come up. */
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
  // The first of a batch is a put: its value tells which batch it is.
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

/** Lets every abort be of an action that there is and that has a signal. */
function aimAborts(actions: readonly string[]): string[] {
  const aims = actions.flatMap((action, number) => (action.startsWith('abort') ? [] : [number]));
  return actions.flatMap((action) => {
    if (!action.startsWith('abort')) return [action];
    const aim = aims[Number(action.slice('abort '.length)) % aims.length];
    return aim === undefined ? [] : [`abort ${aim}`];
  });
}
