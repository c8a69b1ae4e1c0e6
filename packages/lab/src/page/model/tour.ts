/** Ten states of a real memtable in LevelDB's layout, each reached by operations on top of those before it. */
import type { MemTableInspection } from '@memtable/memtable/inspect';
import { type Operation } from './operation.js';
import type { Session } from './session.js';
import { DEFAULTS, type Settings } from './settings.js';
import type { View } from './view.js';
import { kindOf, pieceOf } from './pieces.js';

export interface Figure {
  readonly label: string;
  readonly value: string;
}

export interface TourStep {
  readonly title: string;
  /** Two sentences. */
  readonly text: string;
  readonly operations: readonly Operation[];
  readonly view: View;
  /** The address that the step is about. */
  readonly focus?: (seen: MemTableInspection) => number | undefined;
  readonly figures: (seen: MemTableInspection | undefined, session: Session) => Figure[];
}

export const TOUR_SETTINGS: Settings = { ...DEFAULTS, writeBufferBytes: 1 << 20 };

const bytes = (count: number | undefined): string =>
  count === undefined ? 'none' : `${count.toLocaleString('en-US')} bytes`;
const usage = (seen: MemTableInspection | undefined): Figure => ({
  label: 'memory usage',
  value: bytes(seen?.stats.arena.memoryUsage),
});
const put = (key: string, value: string, bytes?: number): Operation => ({
  type: 'put',
  key,
  value,
  ...(bytes === undefined ? {} : { bytes }),
});

/** Address of the first piece of this kind, or of the last. */
function addressOf(seen: MemTableInspection, kind: string, from: 'first' | 'last' = 'first'): number | undefined {
  const isKind = (_: number, i: number): boolean => kindOf(seen, i) === kind;
  const { kinds, addresses } = seen.pieces;
  const i = from === 'first' ? kinds.findIndex(isKind) : kinds.findLastIndex(isKind);
  return i === -1 ? undefined : addresses[i];
}

/** Address of the entry with this sequence. */
function entryWith(seen: MemTableInspection, sequence: number): number | undefined {
  const rank = seen.entries.sequences.indexOf(sequence);
  return rank === -1 ? undefined : seen.entries.addresses[rank];
}

export const TOUR: readonly TourStep[] = [
  {
    title: 'The first allocation',
    text:
      'An empty memtable already owns a block: its skip list needs a head, a tower of twelve links in 104 bytes. ' +
      'The arena takes 4096 bytes from the system and 8 for the header that links its blocks, so LevelDB reports 4,104.',
    operations: [],
    view: 'memory',
    focus: (seen) => (seen.index.kind === 'skiplist' ? seen.index.head.towerAddress : undefined),
    figures: (seen) => [
      usage(seen),
      { label: 'head of the list', value: bytes(seen?.index.kind === 'skiplist' ? seen.index.head.towerBytes : 0) },
    ],
  },
  {
    title: 'Bump',
    text:
      'Every request is served by moving one pointer through the block: entry, tower, entry, tower, with no header and no ' +
      'free list. Two writes later the memory usage has not moved, as the block was paid for at once.',
    operations: [put('apple', 'red'), put('banana', 'yellow')],
    view: 'memory',
    focus: (seen) => entryWith(seen, 2),
    figures: (seen) => [usage(seen), { label: 'still free', value: bytes(seen?.stats.arena.remainingBytes) }],
  },
  {
    title: '1,025 bytes get a block of their own',
    text:
      'The next entry needs 1,025 bytes, which the current block no longer has, and that is more than a quarter of a block. ' +
      'So it gets a dedicated block of exactly its size, and the current block goes on being filled: here with its tower.',
    operations: [
      put('cherry', 'dark red ', 950),
      put('damson', 'blue ', 950),
      put('elder', 'black ', 950),
      put('fig', 'purple ', 1011),
    ],
    view: 'memory',
    focus: (seen) => entryWith(seen, 6),
    figures: (seen) => [
      usage(seen),
      { label: 'dedicated block', value: bytes(seen?.arena.blocks.find(({ kind }) => kind === 'dedicated')?.bytes) },
    ],
  },
  {
    title: 'A tail is lost',
    text:
      'This entry is just small enough for a regular block, but the current one cannot hold it: a new block is begun. ' +
      'What was left of the old one is never used again; at most a quarter of a block is lost that way.',
    operations: [put('grape', 'green ', 990)],
    view: 'memory',
    focus: (seen) => addressOf(seen, 'tail'),
    figures: (seen) => [usage(seen), { label: 'lost tail', value: bytes(seen?.stats.arena.tailBytes) }],
  },
  {
    title: 'Alignment',
    text:
      'Entries start anywhere, but a tower holds pointers and has to start at a multiple of eight. ' +
      'The bytes that are skipped to get there are slop: a few for each entry, and counted.',
    operations: [],
    view: 'memory',
    focus: (seen) => addressOf(seen, 'slop', 'last'),
    figures: (seen) => [usage(seen), { label: 'slop so far', value: bytes(seen?.stats.arena.slopBytes) }],
  },
  {
    title: 'Two versions of a key',
    text:
      'Writing a key again changes nothing: a new entry with a higher sequence number is added beside the old one. ' +
      'Versions of a key stand in the list from the newest to the oldest, so a reader finds the one that it may see first.',
    operations: [put('apple', 'green')],
    view: 'list',
    focus: (seen) => entryWith(seen, 8),
    figures: (seen) => [
      usage(seen),
      {
        label: 'versions of "apple"',
        value: `sequences ${[...(seen?.entries.sequences ?? [])].slice(0, 2).join(' and ')}`,
      },
    ],
  },
  {
    title: 'A tombstone',
    text:
      'Deleting removes nothing either: it adds an entry of type 0 without a value, a tombstone. ' +
      'It hides the older versions here and in whatever has been flushed before, so it has to be flushed as well.',
    operations: [{ type: 'del', key: 'banana' }],
    view: 'memory',
    focus: (seen) => entryWith(seen, 9),
    figures: (seen) => [usage(seen), { label: 'tombstones', value: String(seen?.stats.deletionCount) }],
  },
  {
    title: 'Freeze',
    text:
      'The full memtable becomes read-only, and an empty one takes its place at once: writers hardly notice. ' +
      'Until the old one has been flushed, both are read, and both occupy memory.',
    operations: [{ type: 'target', mode: 'held' }, { type: 'freeze' }],
    view: 'lifecycle',
    figures: (_, session) => [
      { label: 'active', value: bytes(session.stats().active.arena.memoryUsage) },
      { label: 'frozen', value: bytes(session.stats().frozen[0]?.arena.memoryUsage) },
    ],
  },
  {
    title: 'Flush',
    text:
      'The target reads all entries in order, old versions and tombstones too. ' +
      'As long as it has not said that they are safe, nothing is given back: should it fail, the same entries are there again.',
    operations: [{ type: 'read' }],
    view: 'lifecycle',
    figures: (_, session) => [
      { label: 'frozen', value: bytes(session.stats().frozen[0]?.arena.memoryUsage) },
      { label: 'read by the target', value: `${session.stats().frozen[0]?.entryCount ?? 0} entries` },
    ],
  },
  {
    title: 'Drop',
    text:
      'The target has accepted: the arena is dropped, and every entry, tower and block in it is gone in one step. ' +
      'Nothing was freed one by one and no garbage is left; what remains is the next empty memtable, 4,104 bytes.',
    operations: [{ type: 'accept' }],
    view: 'lifecycle',
    figures: (_, session) => [
      { label: 'memory usage', value: bytes(session.stats().memoryUsage) },
      { label: 'at the target', value: `${session.storedEntries} entries` },
    ],
  },
];

/** All operations up to a step, from 1. */
export function tourOperations(step: number): Operation[] {
  return TOUR.slice(0, step).flatMap(({ operations }) => operations);
}

/** The piece that a step is about. */
export function tourFocus(step: number, seen: MemTableInspection): number | undefined {
  const address = TOUR[step - 1]?.focus?.(seen);
  return address === undefined ? undefined : pieceOf(seen, address);
}
