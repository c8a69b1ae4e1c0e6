import type { Chunk, Key, Value } from '../chunk.js';
import type { DataSet } from '../data-set.js';
import type { ContentDigest } from '../digest.js';
import type { Input } from '../inputs.js';

export interface Setup {
  readonly input: Input;
  /** An empty directory for contenders that write files. */
  readonly directory: string;
}

/** What an operation saw, as a sum of {@link seen} or {@link seenEntry}. All contenders must reach the same sum. */
export type Sum = number | Promise<number>;

/**
 * A store that is measured. Each contender loops over the chunk itself, with code written for this store alone, so that
 * the timed code contains no shared indirection. It does what users of the store write, and nothing else: who hands out
 * references does not copy them.
 */
export interface Contender {
  /** Set if the contender knows the address of every entry. It does not search, so it cannot miss. */
  readonly knows?: true;
  /** Inserts new keys, in a loop or as a batch. */
  insert(chunk: Chunk): void | Promise<void>;
  /** Inserts all entries into the empty store with one call made for that, if the store has one. */
  load?(entries: [Key, Value][]): void | Promise<void>;
  /** Called after the last chunk of an operation that writes, and timed as part of it. */
  finish?(): void | Promise<void>;
  /** Hands out the value of each key. */
  get(chunk: Chunk): Sum;
  /** Reads the value of each key in place, if the store offers that besides. */
  view?(chunk: Chunk): Sum;
  /** Reads key and value of every entry in order, by the fastest way that the store offers. */
  scan(): Sum;
  /** As scan, but hands out each key and value, in the way that users write first. */
  entries(): Sum;
  reverseScan?(): Sum;
  /** As scan, with `length` entries from each key on. */
  range(chunk: Chunk, length: number): Sum;
  /** Writes new values for existing keys. */
  overwrite?(chunk: Chunk): void | Promise<void>;
  remove?(chunk: Chunk): void | Promise<void>;
  /** Alternates: gets the value of a key, then writes a new value for the next key. */
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
  /** Opens the store with every option at its default, for string keys and values, if it takes those. */
  openDefaults?(setup: Setup): Contender | Promise<Contender>;
}

/** Whether a contender can hold a data set. */
export function takes({ openDefaults }: Pick<ContenderKind, 'openDefaults'>, { values }: DataSet): boolean {
  return values === 'bytes' || openDefaults !== undefined;
}

/** Opens the store that a data set asks for. @throws Error if the contender takes no strings */
export function openContender(kind: ContenderKind, setup: Setup): Contender | Promise<Contender> {
  if (setup.input.dataSet.values === 'bytes') return kind.open(setup);
  if (kind.openDefaults === undefined) throw new Error(`${kind.name} takes no string values`);
  return kind.openDefaults(setup);
}

/** Length and first byte of a value. */
export function seen(value: string | Uint8Array): number {
  return value.length + (typeof value === 'string' ? value.charCodeAt(0) : value[0]);
}

/** The last byte of a key besides. */
export function seenEntry(key: string | Uint8Array, value: string | Uint8Array): number {
  const last = key.length - 1;
  return (typeof key === 'string' ? key.charCodeAt(last) : key[last]) + seen(value);
}
