import type { Chunk } from '../chunk.js';
import type { ContentDigest } from '../digest.js';
import type { Input } from '../inputs.js';

export interface Setup {
  readonly input: Input;
  /** An empty directory, for those who write files. */
  readonly directory: string;
}

/** What an operation saw: for each value the length and the first byte, added up. All contenders must see the same. */
export type Sum = number | Promise<number>;

/**
 * A store that is measured. Each operation is a loop of its own over the chunk, as one would write it for this store
 * alone: what is timed contains no indirection that all contenders share.
 */
export interface Contender {
  /** That it searches for nothing but knows where every entry is, so that there is nothing to miss. */
  readonly knows?: true;
  /** Entries of a batch or synchronous loop: new keys. */
  insert(chunk: Chunk): void | Promise<void>;
  /** Called after the last chunk of an operation that writes; timed with it. */
  finish?(): void | Promise<void>;
  /** The value of each key as a copy, which the caller may keep and change. */
  get(chunk: Chunk): Sum;
  /** The value of each key as it comes: by reference, as a view, or as a copy where there is nothing else. */
  view(chunk: Chunk): Sum;
  /** Visits every entry in order by reference, and touches its value. */
  scan(): Sum;
  reverseScan?(): Sum;
  /** From each key on, `length` entries. */
  range(chunk: Chunk, length: number): Sum;
  /** New values for keys that are there. */
  overwrite?(chunk: Chunk): void | Promise<void>;
  remove?(chunk: Chunk): void | Promise<void>;
  /** In turn the value of a key by copy, and a new value for the next key. */
  mixed?(chunk: Chunk): Sum;
  digest(digest: ContentDigest): void | Promise<void>;
  /** Bytes in use by its own account. */
  bytes?(): number;
  close(): void | Promise<void>;
}

export interface ContenderKind {
  readonly name: string;
  readonly about: string;
  /** The npm package whose version is shown. */
  readonly package?: string;
  readonly keys: 'bytes' | 'string';
  /** Whether it keeps the buffers that it is given. */
  readonly keeps: 'references' | 'copies';
  /** Thousands of inserts a second at 1 M entries, for the estimate of the time left. */
  readonly rate: number;
  open(setup: Setup): Contender | Promise<Contender>;
}
