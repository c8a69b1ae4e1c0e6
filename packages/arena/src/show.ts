/**
 * The method that `console.log` and `util.inspect` of Node call to learn what to print of an object. Nobody calls it
 * elsewhere, and nothing is imported for it.
 */
export const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom') as never;

/**
 * What {@link INSPECT} returns of an object: a stand-in of the same class that has these fields and nothing else, which
 * Node prints as it prints any object, with the depth and the options that were asked for.
 *
 * ```ts
 * import { INSPECT, show } from '@memtable/arena';
 *
 * class Box {
 *   #count = 3;
 *   [INSPECT](): object {
 *     return show(this, () => ({ count: this.#count })); // console.log prints: Box { count: 3 }
 *   }
 * }
 * JSON.stringify(new Box()[INSPECT]()); // '{"count":3}'
 * ```
 *
 * @param fields - the few that a person wants, without a walk through links that may be damaged. What it throws is
 * printed in their place, so that printing never fails
 */
export function show(object: object, fields: () => object): object {
  let shown: object;
  try {
    shown = fields();
  } catch (error) {
    shown = { unreadable: String(error) };
  }
  // Its own INSPECT is none, else it would be asked for a stand-in again.
  return Object.create(Object.getPrototypeOf(object) as object, {
    ...Object.getOwnPropertyDescriptors(shown),
    [INSPECT]: { value: undefined },
  }) as object;
}
