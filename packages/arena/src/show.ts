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

/** A value longer than this is cut off in a message. */
const CHARACTERS_MAX = 60;

/**
 * A value of any type, for the message of an error. Strings have quotes. Objects and functions are only named by their
 * kind, because their text may be long, and to ask for it runs their code. O(1).
 *
 * ```ts
 * import { printed } from '@memtable/arena';
 *
 * printed(1.5); // '1.5'
 * printed('5') === "'5'"; // true
 * printed(5n); // '5n'
 * printed({}); // 'an object'
 * ```
 */
export function printed(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quoted(value.length > CHARACTERS_MAX ? `${value.slice(0, CHARACTERS_MAX)}…` : value);
    case 'bigint':
      return `${value}n`;
    case 'function':
      return 'a function';
    case 'object':
      return value === null ? 'null' : Array.isArray(value) ? 'an array' : 'an object';
    default:
      return String(value);
  }
}

/** In single quotes, with the escapes of JSON. */
function quoted(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"')}'`;
}
