/**
 * Name of the method that Node's `console.log` and `util.inspect` call for the object to print. It has no use elsewhere
 * and imports nothing.
 */
export const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom') as never;

/**
 * The object that {@link INSPECT} returns: a stand-in of the same class that has only these fields. Node prints it as
 * any object, with the caller's depth and options.
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
 * @param fields - the few fields that a person wants, read without following links that may be damaged. An error from
 * it is printed in their place, so printing never fails
 */
export function show(object: object, fields: () => object): object {
  let shown: object;
  try {
    shown = fields();
  } catch (error) {
    shown = { unreadable: String(error) };
  }
  // The stand-in has no INSPECT, or Node would ask it for a stand-in again.
  return Object.create(Object.getPrototypeOf(object) as object, {
    ...Object.getOwnPropertyDescriptors(shown),
    [INSPECT]: { value: undefined },
  }) as object;
}
