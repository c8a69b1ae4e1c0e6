/**
 * Checks that an argument is bytes. All public calls share them. Bytes are a `Uint8Array` of any realm. `instanceof`
 * would check the prototype instead, which arrays of other realms lack and other objects may have.
 */
import { printed } from '@memtable/arena';

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array;
// Both are called with the argument as `this`.
// eslint-disable-next-line @typescript-eslint/unbound-method
const brandOf = Object.getOwnPropertyDescriptor(typedArray, Symbol.toStringTag)!.get!;
// eslint-disable-next-line @typescript-eslint/unbound-method
const at = typedArray.at;

/** Whether `value` is a `Uint8Array`, for example a `Buffer`. It may have lost its buffer; {@link checkBytes} asks. */
export function isBytes(value: unknown): value is Uint8Array {
  return brandOf.call(value) === 'Uint8Array';
}

/**
 * Refuses a value that is not bytes, or whose bytes are gone: its buffer was transferred, or was resized to end before
 * the view. Such a view reads as empty, so only this check tells it from an empty key or value.
 * @param name - the argument, for the message
 * @throws TypeError: the message says what came instead
 */
export function checkBytes(name: string, value: unknown): asserts value is Uint8Array {
  checkKind(name, value);
  if (value.length === 0) checkThere(name, value);
}

/** The first half of {@link checkBytes}. Hot paths do the second half where they read the length anyway [D35]. */
export function checkKind(name: string, value: unknown): asserts value is Uint8Array {
  if (!isBytes(value)) throw notBytes(name, value);
}

/** The second half of {@link checkBytes}. Call it for bytes whose length reads as 0. */
export function checkThere(name: string, value: Uint8Array): void {
  try {
    at.call(value, 0); // Throws if the bytes are gone. No property tells this of a view in all engines.
  } catch (cause) {
    throw new TypeError(`${name} has no bytes any more: its buffer was transferred, or shrank below its start`, {
      cause,
    });
  }
}

function notBytes(name: string, value: unknown): TypeError {
  const brand = brandOf.call(value) as string | undefined;
  const kind = brand ?? (typeof value === 'string' ? `the string ${printed(value)}` : printed(value));
  return new TypeError(`${name} must be a Uint8Array, not ${kind}`);
}
