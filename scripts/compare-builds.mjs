// Compares the speed of two checkouts: npm run compare -- <old checkout> <new checkout>
//
// Each build runs in a process of its own: in a shared process the build that comes first trains V8's call sites for
// the other one. The two processes take turns, operation by operation, so that a machine that gets busier slows both.
// The clock is the processor time of the process, which leaves out the time of other processes. V8 compiles on the main
// thread, so that the moment at which a function is optimized does not depend on how busy the machine is.
//
// Even so two processes of one build differ by some percent, for as long as they live. So the pairs of processes are
// what counts: each gives one time for each build and one ratio, and what is printed are medians over the pairs.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const USAGE = `usage: npm run compare -- <old checkout> <new checkout> [options]

  --entries <numbers>   sizes of the tables and stores, default 10000,100000,1000000
  --rounds <number>     pairs of processes for each size, default 9
  --only <text>         print operations whose name contains this: table, store, "table get", ...
  --wall                time that has passed, instead of processor time
  --json                print all times as JSON instead of the table

Both checkouts must have been bootstrapped; their packages are built first.`;

const SELF = fileURLToPath(import.meta.url);
/** A process repeats all operations until it has worked on this many entries. */
const ENTRIES_PER_PROCESS = 400_000;
const WARM_UP_ENTRIES = 10_000;
const WARM_UPS = 5;
const VALUE_BYTES = 100;
const BATCH_OPERATIONS = 100;
const OPERATION_COUNT = 8;

const CLOCKS = {
  wall: () => Number(process.hrtime.bigint()),
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) * 1000;
  },
};

// The parent: gives out turns, and prints

async function compare() {
  const { checkouts, entries, rounds, only, wall, json } = readArguments();
  for (const checkout of checkouts) build(checkout);
  const results = [];
  for (const count of entries) {
    const ofCount = new Map();
    for (let round = 1; round <= rounds; round++) {
      process.stderr.write(`\r\x1b[K${count} entries, round ${round} of ${rounds}`);
      for (const [operation, turns] of await takeTurns(checkouts, count, round, wall)) {
        if (!operation.includes(only)) continue;
        const result = ofCount.get(operation) ?? { entries: count, operation, old: [], new: [], ratio: [] };
        ofCount.set(operation, result);
        for (const key of ['old', 'new', 'ratio']) result[key].push(quantile(turns[key], 0.5));
      }
    }
    results.push(...ofCount.values());
  }
  process.stderr.write('\r\x1b[K');
  if (json) console.log(JSON.stringify(results, undefined, 2));
  else print(results);
}

function readArguments() {
  const options = {
    entries: { type: 'string', default: '10000,100000,1000000' },
    rounds: { type: 'string', default: '9' },
    only: { type: 'string', default: '' },
    wall: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  };
  let parsed;
  try {
    parsed = parseArgs({ allowPositionals: true, options });
  } catch (error) {
    fail(`${error.message}\n\n${USAGE}`, 2);
  }
  const { values, positionals } = parsed;
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  const entries = values.entries.split(',').map(Number);
  const rounds = Number(values.rounds);
  const areCounts = [...entries, rounds].every((count) => Number.isInteger(count) && count > 0);
  if (positionals.length !== 2 || !areCounts) fail(USAGE, 2);
  // npm runs scripts in the root of the package; paths are relative to where the command was given.
  const checkouts = positionals.map((path) => resolve(process.env.INIT_CWD ?? '.', path));
  return { ...values, checkouts, entries, rounds };
}

/** Builds the packages that are measured. `tsc -b` does nothing when they are up to date. */
function build(checkout) {
  const compiler = join(checkout, 'node_modules/typescript/bin/tsc');
  if (!existsSync(compiler)) fail(`${checkout} is no checkout that has been bootstrapped: there is no ${compiler}`);
  const { status } = spawnSync(process.execPath, [compiler, '-b', join('packages', storePackage(checkout))], {
    cwd: checkout,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) fail(`${checkout} does not compile`);
}

/** @returns of each operation the nanoseconds an entry of both builds, and their ratio, in each turn of one pair */
async function takeTurns(checkouts, count, seed, wall) {
  const turns = new Map();
  const servers = checkouts.map((checkout) => new Server(checkout, count, seed, wall));
  await Promise.all(servers.map((server) => server.answer())); // Both are warm.
  const turnCount = Math.max(1, Math.round(ENTRIES_PER_PROCESS / count)) * OPERATION_COUNT;
  for (let i = 0; i < turnCount; i++) {
    // Which build goes first changes with the run and with the operation.
    const first = (seed + i + Math.floor(i / OPERATION_COUNT)) % 2;
    const answers = [];
    for (const side of [first, 1 - first]) answers[side] = await servers[side].ask();
    const [older, newer] = answers;
    if (older.sum !== newer.sum) fail(`the builds differ in ${older.name}: ${older.sum} and ${newer.sum} were read`);
    const times = turns.get(older.name) ?? { old: [], new: [], ratio: [] };
    turns.set(older.name, times);
    times.old.push(older.ns / count);
    times.new.push(newer.ns / count);
    times.ratio.push(newer.ns / older.ns);
  }
  for (const server of servers) server.end();
  return turns;
}

/** A process that measures one build, an operation each time that it is asked. */
class Server {
  #child;
  #answer = () => {};

  constructor(checkout, count, seed, wall) {
    const subject = [checkout, String(count), String(seed), wall ? 'wall' : 'cpu'];
    const flags = ['--max-old-space-size=4096', '--no-concurrent-recompilation'];
    this.#child = spawn(process.execPath, [...flags, SELF, '--serve', ...subject], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child.on('message', (answer) => this.#answer(answer));
    this.#child.on('exit', (code) => {
      if (code !== 0) fail(`the process that measured ${checkout} ended with ${code}`);
    });
  }

  answer() {
    return new Promise((resolve) => (this.#answer = resolve));
  }

  ask() {
    this.#child.send('next');
    return this.answer();
  }

  end() {
    this.#child.disconnect();
  }
}

function print(results) {
  const heading = ['entries', 'operation', 'old, ns', 'quartiles', 'new, ns', 'quartiles', 'new / old', 'quartiles'];
  const rows = results.map((result) => {
    return [
      String(result.entries),
      result.operation,
      ...figures(result.old, nanoseconds),
      ...figures(result.new, nanoseconds),
      ...figures(result.ratio, (ratio) => ratio.toFixed(3)),
    ];
  });
  const widths = heading.map((title, column) => Math.max(...[heading, ...rows].map((row) => row[column].length)));
  for (const row of [heading, ...rows]) {
    console.log(row.map((cell, i) => (i === 1 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '));
  }
}

/** The median, and the two quartiles. */
function figures(values, format) {
  return [format(quantile(values, 0.5)), `${format(quantile(values, 0.25))}-${format(quantile(values, 0.75))}`];
}

function nanoseconds(ns) {
  return ns.toFixed(ns < 100 ? 1 : 0);
}

function quantile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * part;
  const below = Math.floor(at);
  return sorted[below] + (at - below) * ((sorted[below + 1] ?? sorted[below]) - sorted[below]);
}

function fail(message, status = 1) {
  console.error(message);
  process.exit(status);
}

// The child: measures one build

/** Says that it is warm. Then it answers each message with the next operation: its name, its time, and its sum. */
async function serve(checkout, count, seed, clock) {
  const packageOf = (name) => import(pathToFileURL(join(checkout, 'packages', name, 'dist/index.js')).href);
  const { MemTable, ValueType } = await packageOf('memtable');
  const { MemStore } = await packageOf(storePackage(checkout));
  const subject = { MemTable, ValueType, MemStore };

  // V8 discards optimized code when a collection finds no object of a shape that the code knows. So there is always one
  // of each, and nothing forces a collection between operations.
  globalThis.alive = [new MemTable(), new MemStore()];
  const small = inputsOf(Math.min(count, WARM_UP_ENTRIES), seed);
  for (let i = 0; i < WARM_UPS; i++) for (const { run } of operations(subject, small)) run();

  const inputs = inputsOf(count, seed);
  let ahead = operations(subject, inputs);
  process.on('message', () => {
    let next = ahead.next();
    if (next.done) next = (ahead = operations(subject, inputs)).next();
    const { name, run } = next.value;
    const start = clock();
    const sum = run() ?? 0;
    process.send({ name, ns: clock() - start, sum });
  });
  process.send('warm');
}

/** The package that MemStore is in; it was in `memtable` once. */
function storePackage(checkout) {
  return existsSync(join(checkout, 'packages/store')) ? 'store' : 'memtable';
}

/** Decimal keys of 16 characters in random order, once more in another order, and one value of 100. */
function inputsOf(count, seed) {
  let state = seed;
  const below = (bound) => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) % bound;
  const shuffled = () => {
    const all = Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = below(i + 1);
      [all[i], all[j]] = [all[j], all[i]];
    }
    return all;
  };
  const utf8 = new TextEncoder();
  const texts = shuffled().map((i) => `key:${String(i).padStart(12, '0')}`);
  const bytes = texts.map((text) => utf8.encode(text));
  const order = shuffled();
  const text = 'v'.repeat(VALUE_BYTES);
  return {
    texts,
    bytes,
    textsAgain: order.map((i) => texts[i]),
    bytesAgain: order.map((i) => bytes[i]),
    text,
    value: utf8.encode(text),
  };
}

/** All operations in their order, each over all entries. A read returns a sum of what it read. */
function* operations({ MemTable, ValueType, MemStore }, { texts, bytes, textsAgain, bytesAgain, text, value }) {
  const table = new MemTable();
  yield {
    name: 'table add',
    run: () => {
      for (let i = 0; i < bytes.length; i++) table.add(i + 1, ValueType.Value, bytes[i], value);
    },
  };
  yield {
    name: 'table get',
    run: () => {
      let sum = 0;
      for (let i = 0; i < bytesAgain.length; i++) sum += table.get(bytesAgain[i]).value.length;
      return sum;
    },
  };
  yield {
    name: 'table scan',
    run: () => {
      let sum = 0;
      const cursor = table.iterator();
      for (cursor.seekToFirst(); cursor.valid; cursor.next()) sum += cursor.valueLength;
      return sum;
    },
  };
  table.drop();

  const store = new MemStore();
  yield {
    name: 'store put',
    run: () => {
      for (let i = 0; i < texts.length; i++) store.put(texts[i], text);
    },
  };
  yield {
    name: 'store get',
    run: () => {
      let sum = 0;
      for (let i = 0; i < textsAgain.length; i++) sum += store.get(textsAgain[i]).length;
      return sum;
    },
  };
  yield {
    name: 'store overwrite',
    run: () => {
      for (let i = 0; i < textsAgain.length; i++) store.put(textsAgain[i], text);
    },
  };
  yield {
    name: 'store scan',
    run: () => {
      let sum = 0;
      for (const [key, found] of store) sum += key.length + found.length;
      return sum;
    },
  };
  store.close();

  const batched = new MemStore();
  yield {
    name: 'store batch',
    run: () => {
      for (let i = 0; i < texts.length; i += BATCH_OPERATIONS) {
        batched.batch(texts.slice(i, i + BATCH_OPERATIONS).map((key) => ({ type: 'put', key, value: text })));
      }
      return batched.size;
    },
  };
  batched.close();
}

// Here and not above: classes have to be there.
if (process.argv[2] === '--serve') {
  const [checkout, count, seed, clock] = process.argv.slice(3);
  await serve(checkout, Number(count), Number(seed), CLOCKS[clock]);
} else await compare();
