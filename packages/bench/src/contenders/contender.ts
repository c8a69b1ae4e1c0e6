import type { Chunk } from '../chunk.js';
import type { ContentDigest } from '../digest.js';
import type { Input } from '../inputs.js';

export interface Setup {
  readonly input: Input;
  /** An empty directory for contenders that write files. */
  readonly directory: string;
}

/** Sum of length and first byte over all values that an operation read. All contenders must reach the same sum. */
export type Sum = number | Promise<number>;

/**
 * A store that is measured. Each contender loops over the chunk itself, with code written for this store alone, so that
 * the timed code contains no shared indirection.
 */
export interface Contender {
  /** Set if the contender knows the address of every entry. It does not search, so it cannot miss. */
  readonly knows?: true;
  /** Inserts new keys, in a loop or as a batch. */
  insert(chunk: Chunk): void | Promise<void>;
  /** Called after the last chunk of an operation that writes, and timed as part of it. */
  finish?(): void | Promise<void>;
  /** Copies the value of each key, so that the caller may keep and change it. */
  get(chunk: Chunk): Sum;
  /** Reads the value of each key by reference or as a view; as a copy if the store offers neither. */
  view(chunk: Chunk): Sum;
  /** Visits every entry in order by reference, and reads its value. */
  scan(): Sum;
  reverseScan?(): Sum;
  /** Visits `length` entries from each key on. */
  range(chunk: Chunk, length: number): Sum;
  /** Writes new values for existing keys. */
  overwrite?(chunk: Chunk): void | Promise<void>;
  remove?(chunk: Chunk): void | Promise<void>;
  /** Alternates: copies the value of a key, then writes a new value for the next key. */
  mixed?(chunk: Chunk): Sum;
  digest(digest: ContentDigest): void | Promise<void>;
  /** Bytes in use, as reported by the store itself. */
  bytes?(): number;
  close(): void | Promise<void>;
}

export interface ContenderKind {
  readonly name: string;
  readonly about: string;
  /** The npm package whose version the report shows. */
  readonly package?: string;
  readonly keys: 'bytes' | 'string';
  /** Whether the store keeps references to the given buffers. */
  readonly keeps: 'references' | 'copies';
  /** Thousands of inserts per second at 1 M entries, for the estimate of the time left. */
  readonly rate: number;
  open(setup: Setup): Contender | Promise<Contender>;
}
