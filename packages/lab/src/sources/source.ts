/** One key and its value, as they go into the memtable. */
export interface Entry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** Where it stands, for messages: a file, or `FILE:LINE`. */
  readonly where: string;
}

/** What every source is given besides its place. */
export interface Reading {
  /** Told of what cannot be used. When it returns, reading goes on behind that place; when it throws, reading ends. */
  readonly onBad: (error: BadInput) => void;
  /** How much may be read at all. */
  readonly limit: ByteLimit;
  /** Ends reading when it is aborted, also in the middle of a wait for more. */
  readonly signal: AbortSignal;
}

/** Names of the two fields that are used of a record. */
export interface Fields {
  readonly key: string;
  readonly value: string;
}

/** Input that cannot be used, and where it stands. */
export class BadInput extends Error {
  override readonly name = 'BadInput';

  /** @param where - a file, or `FILE:LINE` */
  constructor(where: string, what: string, options?: ErrorOptions) {
    super(`${where}: ${what}`, options);
  }
}

/** Bytes of keys and values that may be accepted. It is never exceeded: reading ends before the entry that would. */
export class ByteLimit {
  readonly max: number;
  #taken = 0;
  #reached = false;

  constructor(max: number) {
    this.max = max;
  }

  /** Whether something did not fit. */
  get reached(): boolean {
    return this.#reached;
  }

  /** Whether that many more bytes fit; a large file need not be read to find out. */
  admits(bytes: number): boolean {
    if (this.#taken + bytes > this.max) this.#reached = true;
    return !this.#reached;
  }

  take(bytes: number): boolean {
    if (!this.admits(bytes)) return false;
    this.#taken += bytes;
    return true;
  }
}
