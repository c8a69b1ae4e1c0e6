import { execFileSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DataSet } from '../data-set.js';
import { Input } from '../inputs.js';
import { entriesOf, type Measured, type Operation, scansOf } from '../operations.js';
import { packageRoot } from '../package-root.js';
import type { Case, CaseResult } from '../run-case.js';

/** LevelDB's memtable in C++, a program built from the LevelDB sources in the package classic-level. */
export const LEVELDB_MEMTABLE = {
  name: 'leveldb-c++',
  about: "LevelDB's own MemTable, in C++ and called from C++",
  package: 'classic-level',
  rate: 300,
} as const;

/** The operations that the program measures. */
export const LEVELDB_OPERATIONS = ['insert', 'get', 'scan', 'reverse-scan'] as const satisfies readonly Operation[];

const SOURCE = fileURLToPath(new URL('../../src/native/leveldb-memtable.cc', import.meta.url));
const DIST = fileURLToPath(new URL('.', import.meta.url));
/** The LevelDB sources that a memtable needs. */
const PARTS = [
  ...['db/memtable.cc', 'db/dbformat.cc', 'port/port_posix.cc', 'table/iterator.cc'],
  ...['arena', 'coding', 'comparator', 'filter_policy', 'hash', 'logging', 'status'].map((name) => `util/${name}.cc`),
];

interface Printed {
  readonly operations: Record<(typeof LEVELDB_OPERATIONS)[number], Measured>;
  readonly accountedBytes: number;
  readonly residentBytes: number;
  readonly longestStallMs: number;
}

/** @throws Error if there is no compiler, or with the error output of the compiler or the program */
export function runLeveldbMemtable({ dataSet, operations }: Case, directory: string): CaseResult {
  const program = build();
  const path = join(directory, 'input');
  writeFileSync(path, inputFile(dataSet));
  const printed = JSON.parse(execFileSync(program, [path], { encoding: 'utf8' })) as Printed;
  const wanted = Object.entries(printed.operations).filter(([name]) => operations.includes(name as Operation));
  const { accountedBytes, residentBytes, longestStallMs } = printed;
  // C++ has no garbage collector.
  const pauses = { longestPauseMs: 0, pausesMs: 0, fullGcMs: 0 };
  return {
    digests: [],
    operations: Object.fromEntries(wanted),
    figures: { accountedBytes, heapBytes: accountedBytes, residentBytes, longestStallMs, ...pauses },
  };
}

/** Compiles the program, if its source changed since the last time. */
function build(): string {
  const program = join(DIST, 'leveldb-memtable');
  const built = statSync(program, { throwIfNoEntry: false });
  if (built !== undefined && built.mtimeMs > statSync(SOURCE).mtimeMs) return program;
  const leveldb = join(packageRoot('classic-level') ?? '', 'deps/leveldb/leveldb-1.20');
  const directory = mkdtempSync(join(DIST, 'build-'));
  const unfinished = join(directory, 'leveldb-memtable');
  const options = ['-O2', '-DNDEBUG', '-DLEVELDB_PLATFORM_POSIX', '-DOS_LINUX', `-I${leveldb}`, `-I${leveldb}/include`];
  const sources = [SOURCE, ...PARTS.map((part) => join(leveldb, part))];
  try {
    execFileSync('g++', [...options, ...sources, '-lpthread', '-o', unfinished], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    renameSync(unfinished, program);
  } catch (error) {
    throw new Error(`LevelDB's memtable could not be compiled with g++: ${(error as Error).message}`, { cause: error });
  } finally {
    rmSync(directory, { recursive: true });
  }
  return program;
}

/**
 * The input of the program, in its reading order: the numbers of entries, reads and scans; key and value of each entry;
 * the keys to read. The length precedes each key and value. All numbers are words.
 */
function inputFile(dataSet: DataSet): Buffer {
  const input = new Input(dataSet);
  const reads = entriesOf('get', dataSet);
  const parts: Buffer[] = [];
  const add = (bytes: Buffer) => parts.push(word(bytes.length), bytes);
  for (const entry of input.order) {
    add(input.key(entry));
    add(input.value(entry, 0));
  }
  for (const entry of reads) add(input.key(entry));
  return Buffer.concat([word(dataSet.entries), word(reads.length), word(scansOf(dataSet)), ...parts]);
}

function word(number: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32LE(number);
  return bytes;
}
