import fc from 'fast-check';

/** A weight, what to choose, and the feature that it needs, if it needs one. */
export type Choice<T> = readonly [weight: number, arbitrary: fc.Arbitrary<T>, feature?: unknown];

/** Draws from the choices by weight. A choice whose feature is `false` never comes up. */
export function choice<T>(...choices: readonly Choice<T>[]): fc.Arbitrary<T> {
  const supported = choices.filter(([, , feature]) => feature !== false);
  return fc.oneof(...supported.map(([weight, arbitrary]) => ({ weight, arbitrary })));
}
