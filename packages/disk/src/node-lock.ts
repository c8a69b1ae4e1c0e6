/**
 * The lock on a database, which LevelDB honours and whose lock it honours: a record lock of the system (fcntl) on the
 * file LOCK. Node has no call for it; `fs-native-extensions` brings it as a binary for each common system.
 */
import * as fs from 'node:fs';
import { DiskError } from './errors.js';
import type { FileLock } from './files.js';

/**
 * Descriptors of LOCK files that others hold, by file. When a process closes any descriptor of a file it loses the
 * record locks that it has on it: closed, ours would end the lock that a LevelDB in this same process has. So they stay
 * open, for the next attempt, while the file has a name.
 */
const refused = new Map<string, number>();

/**
 * Takes the lock on a file.
 * @returns undefined when another owner holds it
 * @throws DiskError `DISK_LOCK_UNAVAILABLE`; what the system says when the file cannot be opened
 */
export async function lockFile(path: string): Promise<FileLock | undefined> {
  const { tryLock } = await loadLocks();
  closeRemoved();
  const fd = refused.get(fileAt(path) ?? '') ?? fs.openSync(path, 'a+');
  const file = identityOf(fs.fstatSync(fd, { bigint: true }));
  if (!tryLock(fd)) {
    refused.set(file, fd);
    return undefined;
  }
  refused.delete(file);
  let isHeld = true;
  return {
    isHeld: () => isHeld && fileAt(path) === file,
    async release() {
      // Closing ends the lock.
      if (isHeld) fs.closeSync(fd);
      isHeld = false;
    },
  };
}

/** Closes the descriptors of files without a name. Nobody can open those any more, so their locks keep nobody out. */
function closeRemoved(): void {
  for (const [file, fd] of refused) {
    if (fs.fstatSync(fd).nlink > 0) continue;
    fs.closeSync(fd);
    refused.delete(file);
  }
}

/** The file that a path leads to; undefined when there is none. */
function fileAt(path: string): string | undefined {
  try {
    return identityOf(fs.statSync(path, { bigint: true }));
  } catch {
    return undefined;
  }
}

function identityOf({ dev, ino }: fs.BigIntStats): string {
  return `${dev} ${ino}`;
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
