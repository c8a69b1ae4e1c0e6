// Compares the speed of two checkouts: npm run compare -- <old checkout> <new checkout>
//
// Each measurement runs in a process of its own, in which only one build is compiled: in a shared process the build
// that comes first trains V8's call sites for the other one. The two builds take turns, and each round begins with the
// other one, so that a machine that gets busier slows both. The clock is the processor time of the process, which
// leaves out the time of other processes. Compare the ratio: absolute times move with the machine all the same.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const USAGE = `usage: npm run compare -- <old checkout> <new checkout> [options]

  --entries <numbers>   sizes of the tables and stores, default 10000,100000,1000000
  --rounds <number>     processes of each build and size, default 9
  --only <text>         operations whose name contains this: table, store, "table get", ...
  --wall                time that has passed, instead of processor time
  --json                print all times as JSON instead of the table

Both checkouts must have been bootstrapped; their packages are built first.`;

const SELF = fileURLToPath(import.meta.url);
/** A process repeats its work until it has seen this many entries, and reports the medians of the repetitions. */
const ENTRIES_PER_PROCESS = 400_000;
const WARM_UP_ENTRIES = 10_000;
const WARM_UPS = 3;
const VALUE_BYTES = 100;
const BATCH_OPERATIONS = 100;

const CLOCKS = {
  wall: () => Number(process.hrtime.bigint()),
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) * 1000;
  },
};

if (process.argv[2] === '--measure') {
  const [checkout, count, seed, clock] = process.argv.slice(3);
  await measure(checkout, Number(count), Number(seed), CLOCKS[clock]);
} else await compare();

// The parent: takes turns, and prints

async function compare() {
  const { checkouts, entries, rounds, only, wall, json } = readArguments();
  for (const checkout of checkouts) build(checkout);
  const results = [];
  for (const count of entries) {
    /** Of each build: of each operation the time of each round. */
    const times = [{}, {}];
    for (let round = 0; round < rounds; round++) {
      const sums = [];
      for (const side of round % 2 === 0 ? [0, 1] : [1, 0]) {
        process.stderr.write(`\r${count} entries, round ${round + 1} of ${rounds}, ${['old', 'new'][side]}  `);
        const { sum, ...measured } = await measureInProcess(checkouts[side], count, round + 1, wall);
        sums.push(sum);
        for (const [name, ns] of Object.entries(measured.ns)) (times[side][name] ??= []).push(ns);
      }
      if (sums[0] !== sums[1]) fail(`the builds do not agree on what they read: ${sums.join(' and ')}`);
    }
    for (const operation of Object.keys(times[0])) {
      if (!operation.includes(only)) continue;
      results.push({ entries: count, operation, old: times[0][operation], new: times[1][operation] });
    }
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

function measureInProcess(checkout, count, seed, wall) {
  const flags = ['--max-old-space-size=4096'];
  const subject = [checkout, String(count), String(seed), wall ? 'wall' : 'cpu'];
  const child = spawn(process.execPath, [...flags, SELF, '--measure', ...subject], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.on('data', (chunk) => (printed += chunk));
  return new Promise((resolve) => {
    child.on('close', (code) => {
      if (code !== 0) fail(`the process that measured ${checkout} ended with ${code}`);
      resolve(JSON.parse(printed));
    });
  });
}

function print(results) {
  const heading = ['entries', 'operation', 'old, ns', 'quartiles', 'new, ns', 'quartiles', 'new / old', 'quartiles'];
  const rows = results.map((result) => {
    const ratios = result.new.map((ns, round) => ns / result.old[round]);
    return [
      String(result.entries),
      result.operation,
      ...figures(result.old, nanoseconds),
      ...figures(result.new, nanoseconds),
      ...figures(ratios, (ratio) => ratio.toFixed(3)),
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

/** Prints, as JSON, nanoseconds an entry of each operation, and a sum of all that was read. */
async function measure(checkout, count, seed, clock) {
  const packageOf = (name) => import(pathToFileURL(join(checkout, 'packages', name, 'dist/index.js')).href);
  const { MemTable, ValueType } = await packageOf('memtable');
  const { MemStore } = await packageOf(storePackage(checkout));
  const subject = { MemTable, ValueType, MemStore };

  // V8 discards optimized code when a collection finds no object of a shape that the code knows. So there is always one
  // of each, and nothing forces a collection between operations.
  globalThis.alive = [new MemTable(), new MemStore()];
  const small = inputsOf(Math.min(count, WARM_UP_ENTRIES), seed);
  for (let i = 0; i < WARM_UPS; i++) runAll(subject, small, clock, () => {});
  const inputs = inputsOf(count, seed);
  const times = {};
  let sum = 0;
  for (let i = 0; i < Math.max(1, Math.round(ENTRIES_PER_PROCESS / count)); i++) {
    sum += runAll(subject, inputs, clock, (name, ns) => (times[name] ??= []).push(ns / count));
  }
  const ns = Object.fromEntries(Object.entries(times).map(([name, all]) => [name, quantile(all, 0.5)]));
  console.log(JSON.stringify({ ns, sum }));
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

/** Runs each operation once over all entries. @returns a sum of what was read */
function runAll(subject, inputs, clock, report) {
  const time = (name, operation) => {
    const start = clock();
    const sum = operation();
    report(name, clock() - start);
    return sum;
  };
  return runTable(subject, inputs, time) + runStore(subject, inputs, time) + runBatches(subject, inputs, time);
}

function runTable({ MemTable, ValueType }, { bytes, bytesAgain, value }, time) {
  const table = new MemTable();
  time('table add', () => {
    for (let i = 0; i < bytes.length; i++) table.add(i + 1, ValueType.Value, bytes[i], value);
  });
  let sum = time('table get', () => {
    let found = 0;
    for (let i = 0; i < bytesAgain.length; i++) found += table.get(bytesAgain[i]).value.length;
    return found;
  });
  sum += time('table scan', () => {
    let found = 0;
    const cursor = table.iterator();
    for (cursor.seekToFirst(); cursor.valid; cursor.next()) found += cursor.valueLength;
    return found;
  });
  table.drop();
  return sum;
}

function runStore({ MemStore }, { texts, textsAgain, text }, time) {
  const store = new MemStore();
  time('store put', () => {
    for (let i = 0; i < texts.length; i++) store.put(texts[i], text);
  });
  let sum = time('store get', () => {
    let found = 0;
    for (let i = 0; i < textsAgain.length; i++) found += store.get(textsAgain[i]).length;
    return found;
  });
  time('store overwrite', () => {
    for (let i = 0; i < textsAgain.length; i++) store.put(textsAgain[i], text);
  });
  sum += time('store scan', () => {
    let found = 0;
    for (const [key, value] of store) found += key.length + value.length;
    return found;
  });
  store.close();
  return sum;
}

function runBatches({ MemStore }, { texts, text }, time) {
  const store = new MemStore();
  time('store batch', () => {
    for (let i = 0; i < texts.length; i += BATCH_OPERATIONS) {
      store.batch(texts.slice(i, i + BATCH_OPERATIONS).map((key) => ({ type: 'put', key, value: text })));
    }
  });
  const { size } = store;
  store.close();
  return size;
}
