import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FlushTarget, levelTarget } from '@memtable/memtable';
import { ClassicLevel } from 'classic-level';
import { systemReason } from '../sources/system-reason.js';
import { Failure, reasonOf } from './failure.js';

const BYTES = { keyEncoding: 'view', valueEncoding: 'view' } as const;

/** A LevelDB in a directory. Memtables are flushed into it, and verification reads it back. */
export class LevelDirectory {
  readonly path: string;
  /** The flush target that writes into this LevelDB. */
  readonly target: FlushTarget;
  readonly #database: ClassicLevel<Uint8Array, Uint8Array>;

  private constructor(path: string) {
    this.path = path;
    this.#database = new ClassicLevel<Uint8Array, Uint8Array>(path, BYTES);
    this.target = levelTarget(this.#database);
  }

  /** Creates the given directory, or a new one for temporary files. @throws Failure if that fails */
  static async make(path: string | undefined): Promise<string> {
    try {
      if (path === undefined) return await mkdtemp(join(tmpdir(), 'memtable-lab-'));
      await mkdir(path, { recursive: true });
      return path;
    } catch (error) {
      throw new Failure(`cannot make the directory ${path ?? tmpdir()}: ${systemReason(error)}`, { cause: error });
    }
  }

  /** @throws Failure if the directory is locked, is not a LevelDB, or cannot be written */
  static async open(path: string): Promise<LevelDirectory> {
    const level = new LevelDirectory(path);
    try {
      await level.#database.open();
    } catch (error) {
      const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
      const locked = (cause as { code?: unknown }).code === 'LEVEL_LOCKED';
      throw new Failure(
        locked
          ? `the LevelDB in ${path} is in use: another process holds its lock`
          : `cannot open a LevelDB in ${path}: ${reasonOf(cause)}`,
        { cause: error },
      );
    }
    return level;
  }

  /** All stored entries in key order. */
  entries(): AsyncIterable<[Uint8Array, Uint8Array]> {
    return this.#database.iterator({ ...BYTES, fillCache: false });
  }

  async close(): Promise<void> {
    await this.#database.close();
  }
}
