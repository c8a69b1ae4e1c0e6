declare const addr: unique symbol;

/**
 * A place in an arena's memory: a byte offset in [0, 2^31), so that it stays a small integer in V8.
 *
 * The type is branded: TypeScript refuses a plain number where an address is asked for. Only this package makes
 * addresses. Arithmetic on an address yields a plain number.
 */
export type Addr = number & { readonly [addr]: 'Addr' };

/** No address. Byte 0 of every memory belongs to its superblock, so no allocation lies there. */
export const NIL = 0 as Addr;
