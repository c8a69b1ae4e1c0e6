/**
 * The seam for all I/O of this package: the files of one directory.
 *
 * A name is a plain file name. Calls fail with the system's own error, which has a `code` as in `node:fs` (`ENOENT`,
 * `EEXIST`, `ENOSPC`, `EIO`). What is read or appended is in the caller's hands when the call returns. Everything that
 * may wait for a disk is a promise.
 *
 * Two things are made durable apart: `AppendFile.sync` the bytes of a file, `syncDirectory` the names. A file whose
 * bytes are durable is lost with its name, and a name may outlive the bytes.
 */
export interface Files {
  /** Makes the directory if it is not there, durably. */
  makeDirectory(): Promise<void>;
  /** The names in the directory, in no order. */
  list(): Promise<string[]>;
  /** Opens a file for reading. */
  open(name: string): Promise<ReadFile>;
  /** Makes a new, empty file. It refuses a name that is there (`EEXIST`), so nothing is overwritten by mistake. */
  create(name: string): Promise<AppendFile>;
  /** Makes the bytes that a file has durable, whoever wrote them. */
  syncFile(name: string): Promise<void>;
  /** Gives a file another name, and replaces a file of that name in one step. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a name. Files that are open can still be read. */
  remove(name: string): Promise<void>;
  /** Makes all names durable: files made, renamed and removed so far. */
  syncDirectory(): Promise<void>;
  /**
   * Takes the lock on a file, which is made if it is not there.
   * @returns undefined when another owner holds it, in this process or in another one
   */
  lock(name: string): Promise<FileLock | undefined>;
}

/** A file that is read. */
export interface ReadFile {
  /** Length in bytes when it was opened. */
  readonly size: number;
  /** Fills `to` with the bytes from `at` on; fails with `EIO` when the file ends before. */
  read(to: Uint8Array, at: number): void;
  close(): Promise<void>;
}

/** A file that grows at its end. */
export interface AppendFile {
  /** Adds all of `bytes`, which the caller may reuse at once. After a failure any part of them may be there. */
  append(bytes: Uint8Array): void;
  /** Resolves when all bytes that were appended before the call survive a power cut. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** A lock that is held. */
export interface FileLock {
  /** Whether it keeps others out still. It does not when the file was removed or replaced: they lock another file. */
  isHeld(): boolean;
  release(): Promise<void>;
}

/** Bytes in memory as a file. */
export function fileOf(bytes: Uint8Array): ReadFile {
  return {
    size: bytes.length,
    read(to, at) {
      to.set(bytes.subarray(at, at + to.length));
    },
    async close() {},
  };
}
