import fc from 'fast-check';
import type { ComparatorName } from '../arbitraries/comparators.js';
import type { MemtableListSupports } from '../contract.js';
import type { FlushOutcome } from '../faults.js';

/**
 * What happens to a list of memtables, in whatever order: every action is a task of the scheduler, and so is every
 * timer and every step of a flush.
 */
export interface ListProgram {
  /**
   * `write a -b C` sets a, deletes b, and sets C to a value that is too long; `flush`; `close`; `abort 3` aborts the
   * signal of the action with that number, from 0, which may not have begun yet.
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

/** Programs of up to a dozen actions. What is not supported does not come up. */
export function listPrograms({
  comparators = false,
  timeouts,
  valueBytesMax,
}: MemtableListSupports): fc.Arbitrary<ListProgram> {
  const put = comparators ? fc.constantFrom(...KEYS, ...SPELLINGS) : fc.constantFrom(...KEYS);
  const operation = fc.oneof(
    { weight: 4, arbitrary: put },
    { weight: 2, arbitrary: put.map((key) => `-${key}`) },
    { weight: valueBytesMax === false ? 0 : 1, arbitrary: put.map((key) => key.toUpperCase()) },
  );
  // The first of a batch is a put: its value tells which batch it is.
  const write = fc
    .tuple(put, fc.array(operation, { maxLength: 3 }))
    .map(([first, more]) => ['write', first, ...more].join(' '));
  const action = fc.oneof(
    { weight: 16, arbitrary: write },
    { weight: 3, arbitrary: fc.constant('flush') },
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
