// Runs a mixed load on one store and compares it with a model: puts, overwrites, deletions, batches, snapshots and
// iterators that stay open for a while. Argument: seconds. Prints figures. Exits with 1 when something is wrong.
import { performance, PerformanceObserver } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { MemStore } from '../dist/index.js';

const seconds = Number(process.argv[2] ?? 600);
const seed = Number(process.argv[3] ?? 1) || 1;
const KEYS = 20_000;
const CALL_MS_MAX = 20;

let state = seed;
const random = (n) => (state = (state * 48271) % 2147483647) % n;
const store = new MemStore({ pinWarningMs: 0 });
const model = new Map();
const name = (i) => `key ${String(i).padStart(8, '0')}`;
const names = Array.from({ length: KEYS }, (_, i) => name(i));
const text = 'abcdefghij'.repeat(40);

let [calls, longestMs, controlMs] = [0, 0, 0];
/** Calls of over 5 ms, and garbage collections. Most of these are for the model, a Map of strings. */
const slow = [];
const collections = [];
const observer = new PerformanceObserver((list) => collections.push(...list.getEntries()));
observer.observe({ entryTypes: ['gc'] });

/** Times one call of the store, by the clock and by processor time, which a busy machine does not disturb. */
function timed(call) {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const result = call();
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  calls++;
  longestMs = Math.max(longestMs, ms);
  if (ms > 5) slow.push({ call: String(call), start, ms, cpuMs: Math.min(ms, (user + system) / 1000) });
  return result;
}

/** The time of a slow call without the garbage collections that fell into it. */
function ownMs({ start, ms, cpuMs }) {
  const end = start + ms;
  const collected = collections.reduce((sum, { startTime, duration }) => {
    return sum + Math.max(0, Math.min(end, startTime + duration) - Math.max(start, startTime));
  }, 0);
  return Math.min(cpuMs, ms - collected);
}

const wrong = [];
function expectSame(what, found, expected) {
  if (found !== expected && wrong.length < 10) wrong.push(`${what} is ${found}, not ${expected}`);
}

const open = [];
/** Opens a snapshot and an iterator, and records the values of a sample of keys. */
function remember() {
  const snapshot = timed(() => store.snapshot());
  const sample = Array.from({ length: 20 }, () => names[random(KEYS)]).map((key) => [key, model.get(key)]);
  const from = names[random(KEYS)];
  const inside = [...model.keys()]
    .filter((key) => key >= from)
    .sort()
    .slice(0, 50);
  const expected = inside.map((key) => [key, model.get(key)]);
  open.push({ snapshot, sample, iterator: timed(() => store.iterator({ gte: from, limit: 50 })), expected });
}

function check({ snapshot, sample, iterator, expected }) {
  for (const [key, value] of sample)
    expectSame(
      `${key} of a snapshot`,
      timed(() => store.get(key, { snapshot })),
      value,
    );
  timed(() => snapshot.close());
  const found = timed(() => iterator.nextv(100));
  timed(() => iterator.close());
  expectSame('an iterator', JSON.stringify(found), JSON.stringify(expected));
}

/** Watches the clock for two milliseconds. If that takes longer, the machine was busy with something else. */
function lookAtClock() {
  const end = performance.now() + 2;
  for (let before = performance.now(), now = before; now < end; before = now) {
    now = performance.now();
    controlMs = Math.max(controlMs, now - before);
  }
}

const end = performance.now() + seconds * 1000;
const warm = performance.now() + Math.min(seconds / 4, 60) * 1000;
let [warmRss, peakRss, turns] = [0, 0, 0];
while (performance.now() < end) {
  for (let i = 0; i < 1000; i++) {
    const key = names[random(KEYS)];
    const dice = random(100);
    if (dice < 55) {
      const value = text.slice(0, random(400));
      timed(() => store.put(key, value));
      model.set(key, value);
    } else if (dice < 70) {
      timed(() => store.del(key));
      model.delete(key);
    } else if (dice < 72) {
      const operations = Array.from({ length: random(100) }, () => {
        const key = names[random(KEYS)];
        return random(4) === 0 ? { type: 'del', key } : { type: 'put', key, value: text.slice(random(400)) };
      });
      timed(() => store.batch(operations));
      for (const { type, key, value } of operations) type === 'put' ? model.set(key, value) : model.delete(key);
    } else
      expectSame(
        key,
        timed(() => store.get(key)),
        model.get(key),
      );
  }
  lookAtClock();
  if (turns % 50 === 0) remember();
  if (open.length > 5) check(open.splice(random(open.length), 1)[0]);
  // In half of the rounds the event loop does not turn.
  if (++turns % 200 < 100) await setImmediate();
  if (turns % 20 !== 0) continue;
  const rss = process.memoryUsage.rss();
  if (performance.now() < warm) warmRss = Math.max(warmRss, rss);
  else peakRss = Math.max(peakRss, rss);
}
for (const each of open.splice(0)) check(each);

store.verify();
const expected = [...model].sort(([a], [b]) => (a < b ? -1 : 1));
let at = 0;
for (const [key, value] of store) {
  expectSame(`entry ${at}`, `${key}=${value}`, `${expected[at]?.[0]}=${expected[at]?.[1]}`);
  at++;
}
expectSame('the number of entries', at, expected.length);
expectSame('heldBytes', store.stats().heldBytes, 0);
const { compaction, memoryUsage, liveBytes } = store.stats();
const riseBytes = peakRss - warmRss;
await setImmediate();
collections.push(...observer.takeRecords());
const slowest = slow
  .map((each) => ({ call: each.call, ms: each.ms, ownMs: ownMs(each) }))
  .sort((a, b) => b.ownMs - a.ownMs);
const figures = {
  seconds,
  seed,
  calls,
  longestMs,
  slowest: slowest.slice(0, 3),
  controlMs,
  compactions: compaction.finished,
  riseBytes,
  memoryUsage,
  liveBytes,
  wrong,
};
console.log(JSON.stringify(figures));
if (wrong.length > 0 || (seconds >= 60 && slowest[0]?.ownMs > Math.max(CALL_MS_MAX, controlMs))) process.exitCode = 1;
