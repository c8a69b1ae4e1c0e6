import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import type { Case } from './child.js';
import { ALLOCATORS } from './contenders.js';
import { ALLOCATIONS, type AllocatorTimes, type PlacementTimes, type SharingTimes } from './measure.js';

const SIZES = [24, 126];
const PLACED_BYTES = [24, 48];
/** The default alignment, and cache lines. */
const ALIGNMENTS = [8, 64];

/** Prints the times of all allocators, and the cost and gain of cache-line placement. */
export function runAllocators(json: boolean): void {
  const times = SIZES.flatMap((bytes) =>
    ALLOCATORS.map((_, index) => child<AllocatorTimes>({ what: 'allocator', index, bytes })),
  );
  const placement = PLACED_BYTES.flatMap((bytes) =>
    ALIGNMENTS.map((alignment) => child<PlacementTimes>({ what: 'placement', bytes, alignment })),
  );
  const sharing = ALIGNMENTS.map((alignment) => child<SharingTimes>({ what: 'sharing', alignment }));
  if (json) process.stdout.write(`${JSON.stringify({ times, placement, sharing }, undefined, 2)}\n`);
  else {
    process.stdout.write(SIZES.map((bytes) => timesTable(bytes, times)).join(''));
    process.stdout.write(placementTable(placement));
    process.stdout.write(sharing.map(({ alignment, countNs }) => sharingLine(alignment, countNs)).join(''));
  }
}

function child<T>(one: Case): T {
  const path = fileURLToPath(new URL('child.js', import.meta.url));
  const text = JSON.stringify(one);
  const { stdout, stderr, status } = spawnSync(process.execPath, [path, text], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`measuring ${text} failed: ${stderr}`);
  return JSON.parse(stdout) as T;
}

function sharingLine(alignment: number, countNs: number): string {
  return `Two threads, each incrementing its own object at multiples of ${alignment}: ${ns(countNs)} ns each\n`;
}

function timesTable(bytes: number, all: readonly AllocatorTimes[]): string {
  const times = all.filter((one) => one.bytes === bytes);
  const table = new Table({
    head: [
      '',
      'allocate\nns',
      'times\nArena',
      'free oldest\nns',
      'free newest\nns',
      'oldest /\nnewest',
      'free all\nns each',
    ],
    colAligns: ['left', ...Array<'right'>(6).fill('right')],
    style: { head: [], border: [], compact: true },
  });
  for (const { name, allocateNs, freeOldestNs, freeNewestNs, freeAllNs } of times) {
    table.push([
      name,
      ns(allocateNs),
      (allocateNs / times[0].allocateNs).toFixed(1),
      ns(freeOldestNs),
      ns(freeNewestNs),
      freeOldestNs === undefined || freeNewestNs === undefined ? '' : (freeOldestNs / freeNewestNs).toPrecision(2),
      ns(freeAllNs),
    ]);
  }
  const title = `${ALLOCATIONS.toLocaleString('en-US')} requests of ${bytes} bytes, medians of 5 rounds`;
  return `${title}\n${table.toString()}\n\n`;
}

function placementTable(placement: readonly PlacementTimes[]): string {
  const table = new Table({
    head: ['object\nbytes', 'at multiples\nof', 'memory\nper object', 'allocate\nns', 'random read\nns'],
    colAligns: Array<'right'>(5).fill('right'),
    style: { head: [], border: [], compact: true },
  });
  for (const { bytes, alignment, bytesPerObject, allocateNs, readNs } of placement) {
    table.push([bytes, alignment, bytesPerObject.toFixed(1), ns(allocateNs), ns(readNs)]);
  }
  return `Cache-line placement: objects in an Arena, read as a whole in random order\n${table.toString()}\n`;
}

function ns(value: number | undefined): string {
  return value === undefined ? '' : value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString('en-US');
}
