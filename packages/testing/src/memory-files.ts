/**
 * The files of one directory, in memory, which can lose power.
 *
 * A disk keeps two things apart: the bytes of files, which `sync` makes durable, and names, which `syncDirectory` does.
 * What is not durable may be there after a crash or not, in any mixture. {@link MemoryFiles.crash} makes such a mixture
 * of a seed:
 *
 * ```
 *    bytes       | synced              | not synced                     |
 *    whole       | ################### | ############################## |
 *    gone        | ################### |
 *    cut         | ################### | ##########
 *    sectors     | ################### | ####  0000  ####  noise  ###00 |     of 512 bytes, each with its own fate
 *
 *    names       created, renamed and removed since the last `syncDirectory`: the first few of them, or any of them
 * ```
 *
 * Those are the ways in which file systems broke the systems of Pillai et al., "All File Systems Are Not Created Equal"
 * (OSDI 2014): appends that are not atomic, a size before its content, writes out of order, renames before or after the
 * bytes that they name. What was synced is never harmed.
 */
import { LcgRandom } from './lcg-random.js';

/** What is done to the files. */
export interface FileOperation {
  readonly kind:
    'list' | 'open' | 'read' | 'create' | 'append' | 'sync' | 'rename' | 'remove' | 'syncDirectory' | 'lock';
  /** The file; empty for the directory itself. */
  readonly name: string;
  /** Of 'append' and 'read': how many bytes. */
  readonly bytes: number;
}

/** How the files behave. */
export interface MemoryFilesOptions {
  /**
   * Called before each operation. What it throws the operation fails with, and nothing has happened; but when a `sync`
   * fails, the bytes that it was for are never durable, whatever later ones say, as on Linux.
   */
  readonly onOperation?: (operation: FileOperation, files: MemoryFiles) => void;
  /** Most bytes of all files together. An append beyond them writes what fits, and fails with `ENOSPC`. */
  readonly capacityBytes?: number;
}

const SECTOR_BYTES = 512;

/** A file of {@link MemoryFiles} that is open for reading. */
export interface MemoryReadFile {
  /** Bytes of the file when it was opened. */
  readonly size: number;
  /** Fills `to` with the bytes from `at` on. @throws Error `EIO` when the file ends before */
  read(to: Uint8Array, at: number): void;
  /** Ends the use of the file. */
  close(): Promise<void>;
}

/** A file of {@link MemoryFiles} that is open for appending. */
export interface MemoryAppendFile {
  /** Adds bytes, which are copied. They are durable after `sync()`. */
  append(bytes: Uint8Array): void;
  /** Makes all bytes so far durable. */
  sync(): Promise<void>;
  /** Ends the use of the file. */
  close(): Promise<void>;
}

/** A lock of {@link MemoryFiles}. */
export interface MemoryLock {
  /** Whether it was not given back. */
  isHeld(): boolean;
  /** Gives the lock back. Idempotent. */
  release(): Promise<void>;
}

/**
 * A file system that crashes. Its calls are those of the seam `Files` of `@memtable/disk`, by structure; errors have a
 * `code` as in `node:fs`.
 *
 * @example
 * ```ts
 * import { MemoryFiles } from '@memtable/testing';
 *
 * const files = new MemoryFiles();
 * const file = await files.create('log');
 * file.append(new Uint8Array(100));
 * await file.sync();
 * await files.crash(1).list(); // []
 * await files.syncDirectory();
 * file.append(new Uint8Array(100));
 * const sizes = [1, 2, 3, 4, 5].map((seed) => files.crash(seed).content('log').length);
 * sizes.every((size) => size >= 100 && size <= 200); // true
 * ```
 */
export class MemoryFiles {
  readonly #options: MemoryFilesOptions;
  /** The names, as those see them who use the files. */
  readonly #names = new Map<string, Content>();
  /** The names that are durable. */
  #durableNames = new Map<string, Content>();
  /** What was done to names since. */
  #changes: NameChange[] = [];
  readonly #locks = new Set<string>();
  #operationCount = 0;
  #usedBytes = 0;

  constructor(options: MemoryFilesOptions = {}) {
    this.#options = options;
  }

  /** Operations so far. */
  get operationCount(): number {
    return this.#operationCount;
  }

  /** Bytes of all files that have a name. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** The bytes of a file; a copy. */
  content(name: string): Uint8Array {
    return this.#find(name).copy();
  }

  /** @internal All names and bytes as one string, the same for files that are the same to who opens them. */
  fingerprint(): string {
    const decoder = new TextDecoder('latin1');
    const parts = [...this.#names].map(([name, content]) => {
      return `${name} ${content.length} ${decoder.decode(content.view)}`;
    });
    return parts.sort().join('');
  }

  /** Puts a file there, or in the place of one, with name and bytes durable at once. It is no operation. */
  put(name: string, bytes: Uint8Array): void {
    this.#forget(this.#names.get(name));
    const content = new Content();
    content.append(bytes, bytes.length);
    content.sync();
    this.#usedBytes += bytes.length;
    this.#names.set(name, content);
    this.#durableNames.set(name, content);
    this.#changes = this.#changes.filter((change) => change.to !== name && change.from !== name);
  }

  /**
   * The files as another process finds them after the power has gone at this moment. These ones stay as they are, so
   * that one run can be crashed at every operation.
   * @param seed - decides what is left of what is not durable; a whole number
   * @param options - of the files that are returned
   */
  crash(seed: number, options: MemoryFilesOptions = {}): MemoryFiles {
    const random = new LcgRandom(seed);
    const names = new Map(this.#durableNames);
    // Journals keep the order of changes; other file systems keep any of them.
    const keptCount = random.uniform(this.#changes.length + 1);
    const isOrdered = random.oneIn(2);
    this.#changes.forEach(({ from, to, content }, i) => {
      if (isOrdered ? i >= keptCount : random.oneIn(2)) return;
      if (from !== undefined && names.get(from) === content) names.delete(from);
      if (to !== undefined) names.set(to, content);
    });
    const files = new MemoryFiles(options);
    for (const [name, content] of names) files.put(name, content.crash(random));
    return files;
  }

  /**
   * The files as another process finds them after the one that uses them has been killed at this moment: nothing is
   * lost, and what is not durable is not durable there. These ones stay as they are.
   * @param options - of the files that are returned
   */
  copy(options: MemoryFilesOptions = {}): MemoryFiles {
    const files = new MemoryFiles(options);
    const copies = new Map<Content, Content>();
    const copyOf = (content: Content): Content => {
      const copy = copies.get(content) ?? content.clone();
      copies.set(content, copy);
      return copy;
    };
    for (const [name, content] of this.#names) files.#names.set(name, copyOf(content));
    for (const [name, content] of this.#durableNames) files.#durableNames.set(name, copyOf(content));
    files.#changes = this.#changes.map((change) => ({ ...change, content: copyOf(change.content) }));
    files.#usedBytes = this.#usedBytes;
    return files;
  }

  /** The process that uses the files dies. They stay as they are, durable or not; its locks are free. */
  kill(): void {
    this.#locks.clear();
  }

  /** Does nothing: the directory is there. */
  async makeDirectory(): Promise<void> {}

  /** Names of all files, in the order of their creation. */
  async list(): Promise<string[]> {
    this.#operate('list', '');
    return [...this.#names.keys()];
  }

  /** Opens a file for reading. It has the size that the file has now. @throws Error `ENOENT` */
  async open(name: string): Promise<MemoryReadFile> {
    this.#operate('open', name);
    const content = this.#find(name);
    const size = content.length;
    return {
      size,
      read: (to, at) => {
        this.#operate('read', name, to.length);
        if (at + to.length > size) throw systemError('EIO', `${name} ends before ${at + to.length}`);
        content.read(to, at);
      },
      close: async () => {},
    };
  }

  /** Creates an empty file for appending. @throws Error `EEXIST` */
  async create(name: string): Promise<MemoryAppendFile> {
    this.#operate('create', name);
    if (this.#names.has(name)) throw systemError('EEXIST', `${name} is there`);
    const content = new Content();
    this.#names.set(name, content);
    this.#changes.push({ to: name, content });
    return {
      append: (bytes) => {
        this.#operate('append', name, bytes.length);
        const room = (this.#options.capacityBytes ?? Infinity) - this.#usedBytes;
        const length = Math.min(bytes.length, room);
        content.append(bytes, length);
        this.#usedBytes += length;
        if (length < bytes.length) throw systemError('ENOSPC', `no space for ${bytes.length} bytes of ${name}`);
      },
      sync: () => this.#sync(name, content),
      close: async () => {},
    };
  }

  /** Makes the content of a file durable. @throws Error `ENOENT` */
  async syncFile(name: string): Promise<void> {
    await this.#sync(name, this.#find(name));
  }

  /** Gives a file another name, and takes the place of a file that has it. @throws Error `ENOENT` */
  async rename(from: string, to: string): Promise<void> {
    this.#operate('rename', from);
    const content = this.#find(from);
    if (from === to) return;
    this.#forget(this.#names.get(to));
    this.#names.delete(from);
    this.#names.set(to, content);
    this.#changes.push({ from, to, content });
  }

  /** Removes a file. @throws Error `ENOENT` */
  async remove(name: string): Promise<void> {
    this.#operate('remove', name);
    const content = this.#find(name);
    this.#forget(content);
    this.#names.delete(name);
    this.#changes.push({ from: name, content });
  }

  /** Makes all names durable: files created, renamed and removed so far. */
  async syncDirectory(): Promise<void> {
    this.#operate('syncDirectory', '');
    const names = new Map(this.#names);
    const count = this.#changes.length;
    await Promise.resolve();
    this.#durableNames = names;
    this.#changes = this.#changes.slice(count);
  }

  /** Takes the lock of that name. @returns undefined when it is held */
  async lock(name: string): Promise<MemoryLock | undefined> {
    this.#operate('lock', name);
    if (this.#locks.has(name)) return undefined;
    this.#locks.add(name);
    let isHeld = true;
    return {
      isHeld: () => isHeld,
      release: async () => {
        if (isHeld) this.#locks.delete(name);
        isHeld = false;
      },
    };
  }

  async #sync(name: string, content: Content): Promise<void> {
    try {
      this.#operate('sync', name);
    } catch (error) {
      content.failSync();
      throw error;
    }
    const covered = content.length;
    await Promise.resolve();
    content.sync(covered);
  }

  #operate(kind: FileOperation['kind'], name: string, bytes = 0): void {
    this.#operationCount++;
    this.#options.onOperation?.({ kind, name, bytes }, this);
  }

  #find(name: string): Content {
    const content = this.#names.get(name);
    if (content === undefined) throw systemError('ENOENT', `${name} is not there`);
    return content;
  }

  #forget(content: Content | undefined): void {
    this.#usedBytes -= content?.length ?? 0;
  }
}

/** A name that came, went, or was replaced. */
interface NameChange {
  readonly from?: string;
  readonly to?: string;
  readonly content: Content;
}

/** The bytes of a file, and which of them are durable. */
class Content {
  #bytes = new Uint8Array(64);
  length = 0;
  /** Bytes below are durable, or lost for good. */
  #clean = 0;
  /** Ranges whose sync failed: never durable. */
  readonly #lost: (readonly [start: number, end: number])[] = [];

  append(bytes: Uint8Array, length: number): void {
    const end = this.length + length;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, 2 * this.#bytes.length));
      grown.set(this.#bytes.subarray(0, this.length));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes.subarray(0, length), this.length);
    this.length = end;
  }

  read(to: Uint8Array, at: number): void {
    to.set(this.#bytes.subarray(at, at + to.length));
  }

  get view(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  copy(): Uint8Array {
    return this.#bytes.slice(0, this.length);
  }

  clone(): Content {
    const clone = new Content();
    clone.append(this.#bytes, this.length);
    clone.#clean = this.#clean;
    clone.#lost.push(...this.#lost);
    return clone;
  }

  sync(end = this.length): void {
    this.#clean = Math.max(this.#clean, end);
  }

  failSync(): void {
    if (this.length > this.#clean) this.#lost.push([this.#clean, this.length]);
    this.#clean = this.length;
  }

  /** What a crash leaves of it. */
  crash(random: LcgRandom): Uint8Array {
    const bytes = this.copy();
    const ranges = [...this.#lost];
    if (this.length > this.#clean) ranges.push([this.#clean, this.length]);
    let { length } = this;
    for (const [start, end] of ranges) {
      const isLast = end === this.length;
      const fate = random.uniform(4);
      if (fate === 0) continue;
      if (fate === 1 && isLast) length = start;
      else if (fate === 2 && isLast) length = start + random.uniform(end - start + 1);
      else harmSectors(bytes, start, end, random);
    }
    return bytes.subarray(0, length);
  }
}

/** Gives each sector of a range a fate of its own; the bytes before and behind the range stay. */
function harmSectors(bytes: Uint8Array, start: number, end: number, random: LcgRandom): void {
  for (let at = start; at < end;) {
    const next = Math.min(end, at + SECTOR_BYTES - (at % SECTOR_BYTES));
    const sector = bytes.subarray(at, next);
    switch (random.uniform(5)) {
      case 0:
        sector.fill(0);
        break;
      case 1:
        for (let i = 0; i < sector.length; i++) sector[i] = random.uniform(256);
        break;
      case 2:
        sector.fill(0, random.uniform(sector.length));
        break;
    }
    at = next;
  }
}

function systemError(code: string, message: string): Error {
  return Object.assign(new Error(`${code}: ${message}`), { code });
}
