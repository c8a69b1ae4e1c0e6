/**
 * What counts as bytes, decided here for every entrance: an object that *is* a `Uint8Array`, in whichever realm it was
 * made. `instanceof` asks for a prototype instead, which arrays of other realms lack and other objects may have.
 */

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array;
// Both are called with the value in question as `this`.
// eslint-disable-next-line @typescript-eslint/unbound-method
const brandOf = Object.getOwnPropertyDescriptor(typedArray, Symbol.toStringTag)!.get!;
// eslint-disable-next-line @typescript-eslint/unbound-method
const at = typedArray.at;

/** Whether `value` is a `Uint8Array`, a `Buffer` among them. It may have lost its buffer; {@link checkBytes} asks. */
export function isBytes(value: unknown): value is Uint8Array {
  return brandOf.call(value) === 'Uint8Array';
}

/**
 * Refuses what is not bytes, and bytes that are gone: those of a buffer that was transferred, or of a view that lies
 * beyond the end of a resized one. Both read as empty, so nothing else would tell them from an empty key or value.
 * @param name - the argument, for the message
 * @throws TypeError that says what came instead
 */
export function checkBytes(name: string, value: unknown): asserts value is Uint8Array {
  checkKind(name, value);
  if (value.length === 0) checkThere(name, value);
}

/** The first half of {@link checkBytes}. A hot path asks the second half where it reads the length anyway. */
export function checkKind(name: string, value: unknown): asserts value is Uint8Array {
  if (!isBytes(value)) throw notBytes(name, value);
}

/** The second half of {@link checkBytes}, for bytes whose length reads as 0. */
export function checkThere(name: string, value: Uint8Array): void {
  try {
    at.call(value, 0); // Throws unless the bytes are there: no property says so of a view in all engines.
  } catch (cause) {
    throw new TypeError(`${name} has no bytes any more: its buffer was transferred, or shrank below its start`, {
      cause,
    });
  }
}

function notBytes(name: string, value: unknown): TypeError {
  const brand = brandOf.call(value) as string | undefined;
  const kind = value === null ? 'null' : Array.isArray(value) ? 'an array' : (brand ?? typeof value);
  return new TypeError(`${name} must be a Uint8Array, not ${kind}`);
}
