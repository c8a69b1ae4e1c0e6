/** Damaged bytes of both indexes, for `survivesDamage`. */
import { type Addr, Arena, MARK_WORDS, NIL } from '@memtable/arena';
import type { DamageHarness } from '@memtable/testing';
import { checkBlockBytes, interrupt, LARGE_BLOCKS } from '../../testing/test/survival.js';
import { BlockSkipList, type Order, type OrderedIndex, SkipList } from '../src/index.js';
import { add, lookup, prepare } from './keys.js';

/** The order of `keys.ts`, without the buffers that are made there for each comparison. */
class ByBytes implements Order {
  compare(a: DataView, aAt: number, b: DataView, bAt: number): number {
    const [aLength, bLength] = [a.getUint8(aAt), b.getUint8(bAt)];
    const length = Math.min(aLength, bLength);
    for (let i = 1; i <= length; i++) {
      const difference = a.getUint8(aAt + i) - b.getUint8(bAt + i);
      if (difference !== 0) return difference;
    }
    return aLength - bLength;
  }
}

class ByHeads extends ByBytes {
  keyStart(_: DataView, at: number): number {
    return at + 1;
  }

  keyLength(bytes: DataView, at: number): number {
    return bytes.getUint8(at);
  }
}

const key = (number: number) => Buffer.from(`key ${String(number).padStart(5, '0')}`);

/** The address after an entry of `keys.ts`: a length byte and a key. */
const endOf = (index: OrderedIndex) => (entry: Addr) => {
  const { u8, usedBytes } = index.arena.memory;
  const end = entry + 1 + u8[entry];
  if (end > usedBytes) throw Object.assign(new Error(`an entry at ${entry}`), { code: 'ENTRY_MALFORMED' });
  return end;
};

type Build = (arena: Arena, order: Order) => OrderedIndex;

/** Indexes from empty to three levels, whose memory ends with their last block. */
function soundBuffers(order: Order, build: Build): Uint8Array[] {
  const fill = (count: number, step: number, keyOf = key) => {
    const index = build(new Arena({ blockBytes: 1024 }), order);
    for (let i = 0; i < count; i++) add(index, keyOf((i * step) % 1009));
    return index;
  };
  const removed = fill(150, 1);
  if (removed instanceof BlockSkipList) {
    const cursor = removed.cursor();
    for (cursor.seekToFirst(); cursor.entry !== NIL; cursor.next())
      if (cursor.entry % 3 !== 0) removed.remove(cursor.entry);
  }
  const paths = fill(100, 7, (i) => Buffer.from(`a/long/path/that/many/share/${i % 10}/${i}`));
  return [fill(0, 0), fill(1, 1), fill(70, 1), fill(150, 77), removed, paths].map(({ arena }) =>
    arena.memory.u8.slice(0, arena.memory.usedBytes),
  );
}

/** The entries that a walk meets. */
function walk(index: OrderedIndex, isForward: boolean): Addr[] {
  const found: Addr[] = [];
  const cursor = index.cursor();
  if (isForward) for (cursor.seekToFirst(); cursor.entry !== NIL; cursor.next()) found.push(cursor.entry);
  else for (cursor.seekToLast(); cursor.entry !== NIL; cursor.prev()) found.push(cursor.entry);
  if (found.length === index.entryCount) return found;
  throw new Error(`${found.length} entries ${isForward ? 'forward' : 'backward'}, ${index.entryCount} counted`);
}

/** Makes all calls. Throws when one contradicts another, too. */
function use(index: OrderedIndex): void {
  const { arena } = index;
  const forward = walk(index, true);
  const backward = walk(index, false).reverse();
  if (backward.some((entry, i) => entry !== forward[i])) throw new Error('the walks meet other entries');
  for (const entry of forward) {
    if (index.seek(arena.memory.view, entry) !== entry) throw new Error(`a search does not find the entry at ${entry}`);
  }
  if (index.seek(lookup(Buffer.from('zzz')), 0) !== NIL) index.seek(lookup(Buffer.alloc(0)), 0);

  let count = index.entryCount;
  for (let i = 0; i < 40; i++) if (add(index, key((i * 29) % 1013))) count++;
  const mark = new Int32Array(MARK_WORDS);
  arena.mark(mark);
  const nodes = Array.from({ length: 70 }, (_, i) => prepare(index, Buffer.from(`new ${i}`)));
  index.unlink(
    nodes.filter((node) => index.insert(node)),
    mark,
  );
  arena.rewind(mark);
  if (index instanceof BlockSkipList) for (const entry of forward.slice(0, 20)) if (index.remove(entry)) count--;
  index.verify(endOf(index));
  if (walk(index, true).length !== count) throw new Error(`${count} entries expected`);
  arena.drop();
}

function harness(order: Order, build: Build, attach: Build): DamageHarness<OrderedIndex> {
  return {
    open({ buffer }) {
      const index = attach(Arena.attach(buffer), order);
      checkBlockBytes(index.arena.stats().blockBytes);
      index.verify(endOf(index));
      return index;
    },
    use,
    sound: soundBuffers(order, build),
    // Twenty times what a sound one takes, for a busy machine.
    msMax: (byteLength) => 50 + byteLength / 500,
    interrupt,
  };
}

const blocks: Build = (arena, order) => new BlockSkipList(arena, order);
const towers =
  (layout: 'compact' | 'leveldb'): Build =>
  (arena, order) =>
    new SkipList(arena, order, { layout });
const attachBlocks: Build = (arena, order) => BlockSkipList.attach(arena, order);
const attachTowers: Build = (arena, order) => SkipList.attach(arena, order);

/** What is tested, by name. The bytes of an entry are the caller's: `endOf` refuses those that are cut off. */
export const harnesses: Readonly<Record<string, DamageHarness<OrderedIndex>>> = {
  'BlockSkipList, by bytes': harness(new ByHeads(), blocks, attachBlocks),
  'BlockSkipList, by a comparator': harness(new ByBytes(), blocks, attachBlocks),
  'SkipList, compact, by bytes': harness(new ByHeads(), towers('compact'), attachTowers),
  'SkipList, compact, by a comparator': harness(new ByBytes(), towers('compact'), attachTowers),
  'SkipList, leveldb, by bytes': harness(new ByHeads(), towers('leveldb'), attachTowers),
  'SkipList, leveldb, by a comparator': harness(new ByBytes(), towers('leveldb'), attachTowers),
};

/** Codes with which damaged bytes may be refused. */
export const codes = ['ARENA_MALFORMED', 'SKIPLIST_MALFORMED', 'ENTRY_MALFORMED', LARGE_BLOCKS];
