import { closeSync, constants, type Dirent, fstatSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { BadInput, type Entry, type Reading } from './source.js';
import { systemReason } from './system-reason.js';

// O_NOFOLLOW refuses a link that replaced a file after the directory was read. Not every system has these flags.
const READ_ONLY = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
const SLASH = Buffer.from('/');
/** How long reading may block the event loop, in milliseconds, plus the time for one file. */
const TURN_MS = 2;

/**
 * Yields the regular files below a directory, ordered by key, which is the path. Names are kept as bytes, because a
 * file system does not promise UTF-8.
 *
 * Files are read synchronously, because asynchronous reads are many times slower for small files. After every few
 * milliseconds the event loop gets a turn, so that flushes go on.
 * @param except - a path below the directory that is skipped
 */
export async function* directory(root: string, except: string, reading: Reading): AsyncGenerator<Entry> {
  let turnAt = performance.now();
  for (const entry of walk(Buffer.from(root), Buffer.alloc(0), except, reading)) {
    yield entry;
    if (performance.now() - turnAt < TURN_MS) continue;
    await setImmediate();
    reading.signal.throwIfAborted();
    turnAt = performance.now();
  }
}

function* walk(path: Buffer, prefix: Buffer, except: string, reading: Reading): Generator<Entry> {
  let entries: Dirent<Buffer>[];
  try {
    entries = readdirSync(path, { withFileTypes: true, encoding: 'buffer' });
  } catch (error) {
    reading.onBad(unreadable(path, error));
    return;
  }
  const children = entries
    .filter((entry) => entry.isFile() || entry.isDirectory())
    // The keys below a directory continue with a slash, so a directory sorts by its name with a slash.
    .map((entry) => ({ entry, name: entry.isDirectory() ? Buffer.concat([entry.name, SLASH]) : entry.name }))
    .sort((a, b) => Buffer.compare(a.name, b.name));
  for (const { entry, name } of children) {
    const childPath = Buffer.concat([path, SLASH, entry.name]);
    const key = Buffer.concat([prefix, name]);
    if (entry.isDirectory()) {
      if (key.toString() !== `${except}/`) yield* walk(childPath, key, except, reading);
    } else {
      const value = read(childPath, key, reading);
      if (value !== undefined) yield { key, value, where: childPath.toString() };
    }
    if (reading.limit.reached) return;
  }
}

/** The bytes of a file. Undefined if they exceed the limit, or if the file is unreadable and skipped. */
function read(path: Buffer, key: Buffer, { limit, onBad }: Reading): Buffer | undefined {
  try {
    const file = openSync(path, READ_ONLY);
    try {
      return limit.admits(key.length + fstatSync(file).size) ? readFileSync(file) : undefined;
    } finally {
      closeSync(file);
    }
  } catch (error) {
    onBad(unreadable(path, error));
    return undefined;
  }
}

function unreadable(path: Buffer, error: unknown): BadInput {
  return new BadInput(path.toString(), `cannot be read: ${systemReason(error)}`, { cause: error });
}
