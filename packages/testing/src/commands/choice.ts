import fc from 'fast-check';

export type Choice<T> = readonly [weight: number, arbitrary: fc.Arbitrary<T>, feature?: unknown];

/** Commands with weights; one with weight 0, or whose feature is `false`, never comes up. */
export function choice<T>(...choices: readonly Choice<T>[]): fc.Arbitrary<T> {
  const supported = choices.filter(([, , feature]) => feature !== false);
  return fc.oneof(...supported.map(([weight, arbitrary]) => ({ weight, arbitrary })));
}
