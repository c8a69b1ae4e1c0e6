/**
 * Reads and writes that go on until all is done. The system may transfer less than it was asked for, and Node hands
 * that on: `writeSync` returns how many bytes were taken, which before a full disk or after a signal are not all.
 */

/** What is given to the system: bytes, where to begin, how many. It returns how many it transferred. */
export type Transfer = (bytes: Uint8Array, start: number, length: number) => number;

/** So often a transfer may make no progress in a row. */
const IDLE_MAX = 1000;

/**
 * Writes all of `bytes`.
 * @throws what the system says; a part may have been written then
 */
export function writeFully(write: Transfer, bytes: Uint8Array): void {
  transfer(write, bytes, 'the system takes no more bytes');
}

/**
 * Fills `to`.
 * @throws what the system says; an error with the code `EIO` when the file ends before
 */
export function readFully(read: Transfer, to: Uint8Array): void {
  transfer(read, to, 'the file ends');
}

function transfer(step: Transfer, bytes: Uint8Array, atEnd: string): void {
  for (let at = 0, idle = 0; at < bytes.length;) {
    const count = attempt(step, bytes, at);
    if (count > 0) idle = 0;
    // Nothing was transferred, without an error: the end. After a signal, or where the system was busy, try again.
    else if (count === 0 || ++idle > IDLE_MAX) throw endError(`${atEnd} after ${at} of ${bytes.length}`);
    at += Math.max(0, count);
  }
}

/** How many bytes went over; -1 when a signal came between, or the system was busy. */
function attempt(step: Transfer, bytes: Uint8Array, at: number): number {
  try {
    return step(bytes, at, bytes.length - at);
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === 'EINTR' || code === 'EAGAIN') return -1;
    throw error;
  }
}

function endError(message: string): Error {
  return Object.assign(new Error(`EIO: ${message}`), { code: 'EIO' });
}
