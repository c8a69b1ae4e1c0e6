/** A key and its value, as inserted into the memtable. */
export interface Entry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** Its place in the input, for messages: a file, or `FILE:LINE`. */
  readonly where: string;
}

/** What every source needs besides its path. */
export interface Reading {
  /** Called for each bad entry. If it returns, reading skips the entry; if it throws, reading ends. */
  readonly onBad: (error: BadInput) => void;
  /** Upper bound on the bytes to read. */
  readonly limit: ByteLimit;
  /** Ends the reading when it aborts, even during a wait for input. */
  readonly signal: AbortSignal;
}

/** Names of the fields that hold the key and the value of a record. */
export interface Fields {
  readonly key: string;
  readonly value: string;
}

/** Invalid or unreadable input, with its place. */
export class BadInput extends Error {
  override readonly name = 'BadInput';

  /** @param where - a file, or `FILE:LINE` */
  constructor(where: string, what: string, options?: ErrorOptions) {
    super(`${where}: ${what}`, options);
  }
}

/** Upper bound on the accepted bytes of keys and values. Reading ends before the first entry that would exceed it. */
export class ByteLimit {
  readonly max: number;
  #taken = 0;
  #reached = false;

  constructor(max: number) {
    this.max = max;
  }

  /** Whether an entry did not fit. */
  get reached(): boolean {
    return this.#reached;
  }

  /** Whether this many more bytes fit. Lets a source check the size of a file before it reads the file. */
  admits(bytes: number): boolean {
    if (this.#taken + bytes > this.max) this.#reached = true;
    return !this.#reached;
  }

  /** Counts the bytes of an accepted entry. @returns whether they fit; if not, nothing is counted */
  take(bytes: number): boolean {
    if (!this.admits(bytes)) return false;
    this.#taken += bytes;
    return true;
  }
}
