/**
 * The lock on a database, which LevelDB honours and whose lock it honours: a record lock of the system (fcntl) on the
 * file LOCK. Node has no call for it; `fs-native-extensions` brings it as a binary for each common system.
 */
import * as fs from 'node:fs';
import { DiskError } from './errors.js';
import type { FileLock } from './files.js';

/**
 * Descriptors of LOCK files that others hold, by path. When a process closes any descriptor of a file it loses the
 * record locks that it has on it: closed, ours would end the lock that a LevelDB in this same process has. So they stay
 * open, for the next attempt.
 */
const refused = new Map<string, number>();

/**
 * Takes the lock on a file.
 * @returns undefined when another owner holds it
 * @throws DiskError `DISK_LOCK_UNAVAILABLE`; what the system says when the file cannot be opened
 */
export async function lockFile(path: string): Promise<FileLock | undefined> {
  const { tryLock } = await loadLocks();
  const fd = refusedDescriptor(path) ?? fs.openSync(path, 'a+');
  if (!tryLock(fd)) {
    refused.set(path, fd);
    return undefined;
  }
  refused.delete(path);
  let isHeld = true;
  return {
    isHeld: () => isHeld && isFileOf(path, fd),
    async release() {
      // Closing ends the lock.
      if (isHeld) fs.closeSync(fd);
      isHeld = false;
    },
  };
}

/** The descriptor of an attempt that was refused, unless the path leads to another file by now. */
function refusedDescriptor(path: string): number | undefined {
  const fd = refused.get(path);
  return fd !== undefined && isFileOf(path, fd) ? fd : undefined;
}

/** Whether a path leads to the file of a descriptor. */
function isFileOf(path: string, fd: number): boolean {
  try {
    const [there, open] = [fs.statSync(path), fs.fstatSync(fd)];
    return there.ino === open.ino && there.dev === open.dev;
  } catch {
    return false;
  }
}

async function loadLocks(): Promise<{ tryLock: (fd: number) => boolean }> {
  try {
    return await import('fs-native-extensions');
  } catch (cause) {
    throw new DiskError(
      'DISK_LOCK_UNAVAILABLE',
      `fs-native-extensions has no lock for ${process.platform} ${process.arch}: see the option lock of nodeFiles`,
      { cause },
    );
  }
}
