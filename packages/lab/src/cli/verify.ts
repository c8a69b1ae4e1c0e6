import { hash } from 'node:crypto';
import { Failure, reasonOf } from './failure.js';
import { LevelDirectory } from './level-directory.js';

const NAMED_MAX = 5;

/** The expected content of a LevelDB: a digest of the last value of each key. */
export class Expectation {
  /** From the key, with one character per byte, to the digest. */
  readonly digests = new Map<string, string>();

  set(key: Uint8Array, value: Uint8Array): void {
    this.digests.set(textOf(key), digestOf(value));
  }
}

/** The result of comparing what is stored with the input. All counts are of distinct keys. */
export interface Verification {
  /** Keys of the input that have the expected value. */
  readonly entries: number;
  readonly missing: number;
  readonly different: number;
  /** Keys that are not in the input: they were there before the run. */
  readonly others: number;
  /** The first keys that are missing or different. */
  readonly firstKeys: readonly string[];
}

/**
 * Reopens the LevelDB, so that only stored entries count, and compares all of it with the input.
 * @throws Failure if it cannot be opened or read
 */
export async function verify(path: string, expectation: Expectation): Promise<Verification> {
  const level = await LevelDirectory.open(path);
  try {
    return await compare(level.entries(), expectation);
  } catch (error) {
    throw new Failure(`cannot read the LevelDB in ${path} back: ${reasonOf(error)}`, { cause: error });
  } finally {
    await level.close();
  }
}

/** Compares all entries that are stored with the input. */
export async function compare(
  stored: AsyncIterable<[Uint8Array, Uint8Array]> | Iterable<[Uint8Array, Uint8Array]>,
  expectation: Expectation,
): Promise<Verification> {
  const missing = new Map(expectation.digests);
  const different: string[] = [];
  let entries = 0;
  let others = 0;
  for await (const [key, value] of stored) {
    const text = textOf(key);
    const digest = missing.get(text);
    if (!missing.delete(text)) others++;
    else if (digest === digestOf(value)) entries++;
    else different.push(text);
  }
  const firstKeys = [...different, ...missing.keys()].slice(0, NAMED_MAX).map(readable);
  return { entries, missing: missing.size, different: different.length, others, firstKeys };
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

function digestOf(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'base64');
}

/** A key as quoted text of at most 80 characters. */
function readable(text: string): string {
  return JSON.stringify(Buffer.from(text, 'latin1').toString().slice(0, 80));
}
