/** Ten states of a real memtable in LevelDB's layout. The operations of each step continue from the step before. */
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
  /** The address that the step shows. */
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

/** Address of the first or last piece of this kind. */
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
      'An empty memtable already owns a block, for the head of its skip list: a tower of twelve links in 104 bytes. ' +
      'The arena takes a block of 4,096 bytes and a header of 8 bytes that links its blocks, so LevelDB reports 4,104.',
    operations: [],
    view: 'memory',
    focus: (seen) => (seen.index.kind === 'skiplist' ? seen.index.head.towerAddress : undefined),
    figures: (seen) => [
      usage(seen),
      { label: 'head of the list', value: bytes(seen?.index.kind === 'skiplist' ? seen.index.head.towerBytes : 0) },
    ],
  },
  {
    title: 'Bump allocation',
    text:
      'The arena serves each request by moving one pointer forward: entry, tower, entry, tower, without headers or a ' +
      'free list. After two writes the memory usage is the same, because the whole block was counted at once.',
    operations: [put('apple', 'red'), put('banana', 'yellow')],
    view: 'memory',
    focus: (seen) => entryWith(seen, 2),
    figures: (seen) => [usage(seen), { label: 'still free', value: bytes(seen?.stats.arena.remainingBytes) }],
  },
  {
    title: '1,025 bytes get a dedicated block',
    text:
      'The next entry needs 1,025 bytes: more than the current block has left, and more than a quarter of a block. ' +
      'It gets a dedicated block of exactly its size, while the current block stays in use and takes its tower.',
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
      'This entry is small enough for a regular block, but the current one is too full: the arena starts a new one. ' +
      'The tail of the old block is never used again; such a tail is at most a quarter of a block.',
    operations: [put('grape', 'green ', 990)],
    view: 'memory',
    focus: (seen) => addressOf(seen, 'tail'),
    figures: (seen) => [usage(seen), { label: 'lost tail', value: bytes(seen?.stats.arena.tailBytes) }],
  },
  {
    title: 'Alignment',
    text:
      'An entry may start at any address, but a tower holds pointers and must start at a multiple of eight. ' +
      'The bytes skipped in between are slop: a few for each entry, included in the memory usage.',
    operations: [],
    view: 'memory',
    focus: (seen) => addressOf(seen, 'slop', 'last'),
    figures: (seen) => [usage(seen), { label: 'slop so far', value: bytes(seen?.stats.arena.slopBytes) }],
  },
  {
    title: 'Two versions of a key',
    text:
      'Writing a key again overwrites nothing: it adds a new entry with a higher sequence number. ' +
      'The list orders the versions of a key from newest to oldest, so a reader first meets the newest it may see.',
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
      'A delete removes nothing either: it adds a tombstone, an entry of type 0 without a value. ' +
      'The tombstone hides older versions here and in everything flushed before, so it must be flushed too.',
    operations: [{ type: 'del', key: 'banana' }],
    view: 'memory',
    focus: (seen) => entryWith(seen, 9),
    figures: (seen) => [usage(seen), { label: 'tombstones', value: String(seen?.stats.deletionCount) }],
  },
  {
    title: 'Freeze',
    text:
      'A full memtable becomes read-only, and an empty one takes its place at once, so writers hardly wait. ' +
      'Until the flush of the frozen memtable ends, readers search both, and both occupy memory.',
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
      'The target reads all entries in order, including old versions and tombstones. ' +
      'The memtable stays until the target accepts them; after a failure, the same entries are flushed again.',
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
      'The target has accepted, so the arena is dropped: all its entries, towers and blocks are freed in one step. ' +
      'No garbage is left; only the next, empty memtable of 4,104 bytes remains. ' +
      'LevelDB counts references here: an iterator that is still open would keep the arena until it is closed.',
    operations: [{ type: 'accept' }],
    view: 'lifecycle',
    figures: (_, session) => [
      { label: 'memory usage', value: bytes(session.stats().memoryUsage) },
      { label: 'at the target', value: `${session.storedEntries} entries` },
    ],
  },
];

/** All operations up to and including a step. Steps count from 1. */
export function tourOperations(step: number): Operation[] {
  return TOUR.slice(0, step).flatMap(({ operations }) => operations);
}

/** The piece that a step shows. */
export function tourFocus(step: number, seen: MemTableInspection): number | undefined {
  const address = TOUR[step - 1]?.focus?.(seen);
  return address === undefined ? undefined : pieceOf(seen, address);
}
