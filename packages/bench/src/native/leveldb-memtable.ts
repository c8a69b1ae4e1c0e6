import { execFileSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DataSet } from '../data-set.js';
import { Input } from '../inputs.js';
import { entriesOf, type Measured, type Operation, scansOf } from '../operations.js';
import { packageRoot } from '../package-root.js';
import type { Case, CaseResult } from '../run-case.js';

/** LevelDB's memtable in C++, from the sources that classic-level brings along: a program, not a store of JavaScript's. */
export const LEVELDB_MEMTABLE = {
  name: 'leveldb-c++',
  about: "LevelDB's own MemTable, in C++ and called from C++",
  package: 'classic-level',
  rate: 300,
} as const;

/** What the program measures. */
export const LEVELDB_OPERATIONS = ['insert', 'get', 'scan', 'reverse-scan'] as const satisfies readonly Operation[];

const SOURCE = fileURLToPath(new URL('../../src/native/leveldb-memtable.cc', import.meta.url));
const DIST = fileURLToPath(new URL('.', import.meta.url));
/** All of LevelDB that a memtable needs. */
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

/** @throws Error when there is no compiler, or what it or the program wrote */
export function runLeveldbMemtable({ dataSet, operations }: Case, directory: string): CaseResult {
  const program = build();
  const path = join(directory, 'input');
  writeFileSync(path, inputFile(dataSet));
  const printed = JSON.parse(execFileSync(program, [path], { encoding: 'utf8' })) as Printed;
  const wanted = Object.entries(printed.operations).filter(([name]) => operations.includes(name as Operation));
  const { accountedBytes, residentBytes, longestStallMs } = printed;
  // Nothing is collected in C++.
  const pauses = { longestPauseMs: 0, pausesMs: 0, fullGcMs: 0 };
  return {
    digests: [],
    operations: Object.fromEntries(wanted),
    figures: { accountedBytes, heapBytes: accountedBytes, residentBytes, longestStallMs, ...pauses },
  };
}

/** Compiles the program, unless that has been done since its source changed. */
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
 * Everything in the order in which the program reads it: how many entries, reads and scans; the entries, key and value; the keys
 * that are read. Before each key and value its length; all numbers as words.
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
