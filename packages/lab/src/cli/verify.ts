import { hash } from 'node:crypto';
import { Failure, reasonOf } from './failure.js';
import { LevelDirectory } from './level-directory.js';

const NAMED_MAX = 5;

/** What a LevelDB has to hold: of every key a digest of its last value. */
export class Expectation {
  /** By the bytes of the key, each as one character. */
  readonly digests = new Map<string, string>();

  set(key: Uint8Array, value: Uint8Array): void {
    this.digests.set(textOf(key), digestOf(value));
  }
}

/** How what was read back compares with the input; all counts are of distinct keys. */
export interface Verification {
  /** Keys of the input whose value was read back as it had been. */
  readonly entries: number;
  readonly missing: number;
  readonly different: number;
  /** Keys that were not in the input: they were there before. */
  readonly others: number;
  /** The first few keys that are missing or different. */
  readonly firstKeys: readonly string[];
}

/**
 * Opens the LevelDB anew, so that what only a process remembers does not count, and reads all of it.
 * @throws Failure when that cannot be done
 */
export async function verify(path: string, expectation: Expectation): Promise<Verification> {
  const missing = new Map(expectation.digests);
  const different: string[] = [];
  let entries = 0;
  let others = 0;
  const level = await LevelDirectory.open(path);
  try {
    for await (const [key, value] of level.entries()) {
      const text = textOf(key);
      const digest = missing.get(text);
      if (!missing.delete(text)) others++;
      else if (digest === digestOf(value)) entries++;
      else different.push(text);
    }
  } catch (error) {
    throw new Failure(`cannot read the LevelDB in ${path} back: ${reasonOf(error)}`, { cause: error });
  } finally {
    await level.close();
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

/** A key for people, quoted and of bounded length. */
function readable(text: string): string {
  return JSON.stringify(Buffer.from(text, 'latin1').toString().slice(0, 80));
}
