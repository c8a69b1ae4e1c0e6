declare const addr: unique symbol;

/**
 * A place inside an arena's memory: a byte offset in [0, 2^31), so that it stays a small integer in V8.
 *
 * The type is branded: a bare number is not accepted where an address is asked for. Only this package makes
 * addresses; arithmetic on one yields a plain number.
 */
export type Addr = number & { readonly [addr]: 'Addr' };

/** No address. Byte 0 of every memory belongs to its superblock, so nothing is ever allocated there. */
export const NIL = 0 as Addr;
