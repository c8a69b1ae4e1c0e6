/**
 * `Files` over node:fs.
 *
 * What may wait for a disk goes through libuv's threads. Appends and reads are calls that return when the bytes are in
 * the system's hands or the caller's: that is what the level of durability `os` means.
 */
import * as fs from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { AppendFile, FileLock, Files, ReadFile } from './files.js';
import { lockFile } from './node-lock.js';
import { readFully, writeFully } from './whole-transfers.js';

const openDescriptor = promisify(fs.open);
const fstat = promisify(fs.fstat);
const fdatasync = promisify(fs.fdatasync);
const close = promisify(fs.close);

/** How the files of a directory are used. */
export interface NodeFilesOptions {
  /**
   * What to do about the lock. `required` refuses when the machine has none that LevelDB honours; `none` takes no lock:
   * the caller sees to it that nobody else opens the directory. @defaultValue 'required'
   */
  readonly lock?: 'required' | 'none';
}

/** The files of a directory of this machine, which need not be there yet. */
export function nodeFiles(directory: string, options: NodeFilesOptions = {}): Files {
  return new NodeFiles(resolve(directory), options.lock ?? 'required');
}

class NodeFiles implements Files {
  readonly #directory: string;
  readonly #lock: 'required' | 'none';

  constructor(directory: string, lock: 'required' | 'none') {
    this.#directory = directory;
    this.#lock = lock;
  }

  async makeDirectory(): Promise<void> {
    const first = await mkdir(this.#directory, { recursive: true });
    if (first === undefined) return;
    // Each new directory is a name in the one above.
    for (let made = this.#directory; made.length >= first.length; made = dirname(made)) {
      await syncDirectory(dirname(made));
      if (made === dirname(made)) return;
    }
  }

  async list(): Promise<string[]> {
    return readdir(this.#directory);
  }

  async open(name: string): Promise<ReadFile> {
    const fd = await openDescriptor(this.#path(name), 'r');
    try {
      return new NodeReadFile(fd, (await fstat(fd)).size);
    } catch (error) {
      await close(fd);
      throw error;
    }
  }

  async create(name: string): Promise<AppendFile> {
    return new NodeAppendFile(await openDescriptor(this.#path(name), 'ax'));
  }

  async syncFile(name: string): Promise<void> {
    // Windows syncs only what may be written.
    const fd = await openDescriptor(this.#path(name), 'r+');
    try {
      await fdatasync(fd);
    } finally {
      await close(fd);
    }
  }

  async rename(from: string, to: string): Promise<void> {
    await rename(this.#path(from), this.#path(to));
  }

  async remove(name: string): Promise<void> {
    await rm(this.#path(name));
  }

  async syncDirectory(): Promise<void> {
    await syncDirectory(this.#directory);
  }

  async lock(name: string): Promise<FileLock | undefined> {
    if (this.#lock === 'none') return { isHeld: () => true, async release() {} };
    return lockFile(this.#path(name));
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }
}

class NodeReadFile implements ReadFile {
  readonly size: number;
  readonly #fd: number;

  constructor(fd: number, size: number) {
    this.#fd = fd;
    this.size = size;
  }

  read(to: Uint8Array, at: number): void {
    readFully((bytes, start, length) => fs.readSync(this.#fd, bytes, start, length, at + start), to);
  }

  async close(): Promise<void> {
    await close(this.#fd);
  }
}

class NodeAppendFile implements AppendFile {
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  append(bytes: Uint8Array): void {
    writeFully((from, start, length) => fs.writeSync(this.#fd, from, start, length), bytes);
  }

  async sync(): Promise<void> {
    await fdatasync(this.#fd);
    // A file without a name goes with the last descriptor, synced or not: somebody removed it, or its directory.
    if (fs.fstatSync(this.#fd).nlink > 0) return;
    throw Object.assign(new Error('ENOENT: the file has been removed'), { code: 'ENOENT' });
  }

  async close(): Promise<void> {
    await close(this.#fd);
  }
}

/** Makes the names in a directory durable, where the system can. */
async function syncDirectory(directory: string): Promise<void> {
  // Windows has no such call; its file systems keep names in a journal.
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
