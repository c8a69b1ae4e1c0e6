/**
 * A buffer for the newest readings of many sensors. It keeps an hour, and its memory stays bounded.
 *
 * Keys are `SENSOR/TIME`, so that the readings of one sensor lie side by side, oldest first.
 */
import { MemStore } from '@memtable/store';

const RETENTION_MS = 60 * 60 * 1000;

/** `maxBytes` is a promise to the rest of the process: a reading for which there is no room throws MEMTABLE_FULL. */
const store = new MemStore<string, number>({ valueEncoding: 'json', maxBytes: 8 << 20 });

/** A time as text that sorts by time: ISO 8601 has a fixed length. */
const keyOf = (sensor: string, time: number): string => `${sensor}/${new Date(time).toISOString()}`;

function append(sensor: string, time: number, value: number): void {
  store.put(keyOf(sensor, time), value);
}

/** Deletes what is too old. What it frees is used again: compaction runs in slices beside the next writes. */
function expire(sensors: readonly string[], now: number): void {
  for (const sensor of sensors) store.clear({ gte: `${sensor}/`, lt: keyOf(sensor, now - RETENTION_MS) });
}

function mean(sensor: string, from: number, to: number): number {
  let count = 0;
  let sum = 0;
  for (const value of store.values({ gte: keyOf(sensor, from), lt: keyOf(sensor, to) })) {
    count++;
    sum += value;
  }
  return sum / count;
}

function latest(sensor: string): number | undefined {
  return [...store.values({ prefix: `${sensor}/`, reverse: true, limit: 1 })][0];
}

// A day of five sensors that report every five seconds.
const sensors = ['door', 'hall', 'kitchen', 'lab', 'roof'];
const start = Date.UTC(2026, 0, 1);
let now = start;
let peakBytes = 0;
for (let second = 0; second < 24 * 60 * 60; second += 5) {
  now = start + second * 1000;
  for (const [i, sensor] of sensors.entries()) append(sensor, now, i * 10 + (second % 60) / 60);
  if (second % 60 === 0) expire(sensors, now);
  peakBytes = Math.max(peakBytes, store.memoryUsage());
}

console.log(
  `86,400 readings went in, ${store.size} are here, memory never passed ${Math.ceil(peakBytes / (1 << 20))} MiB`,
);
console.log(`roof: ${latest('roof')?.toFixed(2)}, mean of ten minutes ${mean('roof', now - 600_000, now).toFixed(2)}`);

// Prints:
// 86,400 readings went in, 3660 are here, memory never passed 2 MiB
// roof: 40.92, mean of ten minutes 40.46
