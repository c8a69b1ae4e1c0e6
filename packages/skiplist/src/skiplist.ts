/**
 * Pugh's skip list as LevelDB has it (db/skiplist.h), over an arena.
 *
 * One thread inserts. Other threads may read the same shared memory meanwhile, with `seek`, cursors and `towers`. A
 * node is complete before the first link to it is stored, and its links are stored bottom up. A reader loads each link
 * once, and both compares and returns what that load gave. `find`, `unlink` and `verify` are for the thread that
 * inserts.
 *
 * Invariants, which `verify()` checks:
 * S1. The entries on level 0 ascend strictly, and there are `Count` of them.
 * S2. Every node on level i + 1 is on level i.
 * S3. No node is on a level at or above `Height`.
 * S4. Every node lies at a multiple of 4 (compact) or 8 (leveldb). Towers and entries lie in bytes that the arena has
 *     handed out, and none in another.
 * S5. Asked both ways, the order says of two neighbours that the second is greater. A search for an entry finds it.
 *     Checked for an order without `keyStart`, which may contradict itself. If it does, searches miss entries, but
 *     walks in both directions still meet each one once: links never rely on the order giving one answer twice.
 * S6. `Branching` is a power of two from 2 to 64. `Random` is a state that the generator of heights can have.
 */
import { type Addr, type Arena, INSPECT, Line, MARK_WORDS, NIL, printed, show } from '@memtable/arena';
import { SkipListError } from './errors.js';
import { checkTowerWords, verifySkipList } from './inspect/verify-skiplist.js';
import type { Order } from './order.js';
import { type EndOf, type IndexCursor, nextByte, type OrderedIndex } from './ordered-index.js';
import { parkMillerNext, parkMillerSeed } from './park-miller.js';

/**
 * A node in both layouts, here with a tower of height 2; two characters are one byte:
 *
 * ```
 *   compact
 *   node - 8       node
 *   | link 1 | link 0 | entry ...                                      the tower stands below its entry
 *
 *   leveldb
 *   node
 *   | entry  | 0      | link 0 | 0      | link 1 | 0      |            the entry lies elsewhere
 * ```
 *
 * `leveldb` is byte for byte what LevelDB does on a 64-bit machine. It allocates the entry unaligned, then the node
 * with 8-byte pointers; our addresses fill their lower halves. `compact` halves the links and saves the pointer to the
 * entry, as RocksDB's InlineSkipList does [D10].
 */
export type SkipListLayout = 'compact' | 'leveldb';

/** Shape of a {@link SkipList}. */
export interface SkipListOptions {
  /** @defaultValue 'compact' */
  layout?: SkipListLayout;
  /** One in `branching` nodes of a level is on the next level too. A power of two from 2 to 64. @defaultValue 4 */
  branching?: number;
  /** Most levels, from 1 to 12. @defaultValue 12 */
  heightMax?: number;
  /** Seed of the heights: any whole number, of which the lower 31 bits count. @defaultValue 0xdeadbeef */
  seed?: number;
}

/** Most levels of a list. */
const HEIGHT_MAX = 12;

/** Words of the index's line in the superblock. */
const Word = { Kind: 0, Head: 1, Height: 2, Random: 3, Count: 4, Branching: 5, HeightMax: 6 } as const;

/** The word `Kind` is `KIND_FIRST` plus the place in this list. An index of another class uses other numbers. */
const KINDS: readonly SkipListLayout[] = ['compact', 'leveldb'];
const KIND_FIRST = 1;

/**
 * A sorted list of entries with O(log n) insert and seek, O(1) `next` and O(log n) `prev`.
 *
 * Source: William Pugh, "Skip lists: a probabilistic alternative to balanced trees" (1990), in LevelDB's form: 12
 * levels, one in 4 goes up, Park-Miller heights. Deviations: a search does not compare a node again that a level above
 * has shown to be greater; consecutive ascending inserts start from the place of the last one, with two comparisons
 * each; an equal entry is refused.
 */
export class SkipList implements OrderedIndex {
  // Fixed by the constructor.
  readonly arena: Arena;
  readonly order: Order;
  readonly layout: SkipListLayout;
  readonly #line: number;
  /** Word of a node's link 0, relative to the node's word, and the step to the link above. */
  readonly #first: number;
  readonly #step: number;

  // The place that the last search found: on each level the last node before it. Derived, not part of the bytes.
  readonly #before = new Int32Array(HEIGHT_MAX);
  /** The node inserted last; NIL at first, and after `unlink`. */
  #lastInserted = NIL;
  readonly #mark = new Int32Array(MARK_WORDS);
  #ascending = false;
  foundEqual = false;

  /**
   * Makes an empty list, and allocates its head.
   * @throws SkipListError `SKIPLIST_INVALID_OPTION`, also when the arena has no room for the head
   */
  constructor(arena: Arena, order: Order, options?: SkipListOptions);
  /** @internal Takes the list that the arena holds. */
  constructor(arena: Arena, order: Order, options: SkipListOptions, attached: SkipListLayout);
  constructor(arena: Arena, order: Order, options: SkipListOptions = {}, attached?: SkipListLayout) {
    const { branching = 4, heightMax = HEIGHT_MAX, seed = 0xdeadbeef } = options;
    this.arena = arena;
    this.order = order;
    this.layout = attached ?? options.layout ?? 'compact';
    this.#line = arena.lineOf(Line.Index);
    this.#first = this.layout === 'compact' ? -1 : 2;
    this.#step = this.layout === 'compact' ? -1 : 2;
    if (attached === undefined) {
      check('layout', options.layout ?? 'compact', KINDS.includes(this.layout), "'compact' or 'leveldb'");
      check('branching', branching, [2, 4, 8, 16, 32, 64].includes(branching), 'a power of two from 2 to 64');
      check('heightMax', heightMax, isWhole(heightMax, 1, HEIGHT_MAX), `a whole number from 1 to ${HEIGHT_MAX}`);
      check('seed', seed, Number.isSafeInteger(seed), 'a whole number');
      const head = this.#allocateNode(0, heightMax);
      if (head === NIL) {
        throw new SkipListError('SKIPLIST_INVALID_OPTION', `${arena.memory.maxBytes} bytes cannot hold an empty list`);
      }
      const words = arena.memory.i32;
      for (let level = 0; level < heightMax; level++) words[this.#linkWord(head, level)] = NIL;
      words[this.#line + Word.Kind] = KIND_FIRST + KINDS.indexOf(this.layout);
      words[this.#line + Word.Head] = head;
      words[this.#line + Word.Height] = 1;
      words[this.#line + Word.Random] = parkMillerSeed(seed);
      words[this.#line + Word.Count] = 0;
      words[this.#line + Word.Branching] = branching;
      words[this.#line + Word.HeightMax] = heightMax;
    }
    this.#forgetPlace();
  }

  /**
   * Takes the list that an arena holds. Only the words of the superblock are checked, so another thread may be
   * inserting. For bytes that you have not written call `verify()` before anything else: if it succeeds, all calls
   * work. O(1).
   * @throws SkipListError `SKIPLIST_MALFORMED` when the arena holds no index, or another one, or its words are damaged
   */
  static attach(arena: Arena, order: Order): SkipList {
    const line = arena.lineOf(Line.Index);
    const kind = arena.memory.i32[line + Word.Kind];
    const layout = KINDS[kind - KIND_FIRST];
    if (layout === undefined) {
      throw new SkipListError('SKIPLIST_MALFORMED', `the index of this arena is of kind ${kind}, not a skip list`);
    }
    const list = new SkipList(arena, order, {}, layout);
    checkTowerWords(list);
    return list;
  }

  get entryCount(): number {
    return this.arena.memory.i32[this.#line + Word.Count] ?? 0;
  }

  /** The height of the tallest tower, 1 when empty. */
  get height(): number {
    return this.arena.memory.i32[this.#line + Word.Height] ?? 0;
  }

  entryOf(node: Addr): Addr {
    return this.layout === 'compact' ? node : (this.arena.memory.i32[node >> 2] as Addr);
  }

  /** Draws a height, then allocates in LevelDB's order: entry, then node. See {@link OrderedIndex.allocate}. */
  allocate(bytes: number): Addr {
    const random = this.arena.memory.i32[this.#line + Word.Random];
    const height = this.#drawHeight();
    const node = this.#allocateNode(bytes, height);
    const words = this.arena.memory.i32; // Allocating may have moved the memory.
    // Until the node is linked, its first link holds its height. RocksDB's trick: the height needs no word of its own.
    if (node !== NIL) words[this.#linkWord(node, 0)] = height;
    else words[this.#line + Word.Random] = random;
    return node;
  }

  insert(node: Addr): boolean {
    this.find(this.arena.memory.view, this.entryOf(node));
    if (this.foundEqual) return false;
    this.insertFound(node);
    return true;
  }

  find(bytes: DataView, at: number): Addr {
    if (this.#ascending && this.#isPlace(bytes, at)) this.foundEqual = false;
    else {
      this.#ascending = false; // If the order throws, no later insert may trust a half-filled `#before`.
      this.#findPlace(bytes, at);
      this.#ascending = !this.foundEqual && this.#before[0] === this.#lastInserted;
    }
    const next = this.#link(this.#before[0], 0); // Still the node that was compared: only this thread inserts.
    return next === NIL ? NIL : this.entryOf(next);
  }

  insertFound(node: Addr): void {
    const words = this.arena.memory.i32;
    const before = this.#before;
    const first = this.#first;
    const step = this.#step;
    const height = words[(node >> 2) + first];
    const listHeight = words[this.#line + Word.Height];
    if (height > listHeight) {
      const head = words[this.#line + Word.Head];
      for (let level = listHeight; level < height; level++) before[level] = head;
      Atomics.store(words, this.#line + Word.Height, height);
    }
    // Bottom up, and the node's own link before the link to it, so that a reader finds the node complete or not at all.
    for (let level = 0; level < height; level++) {
      const offset = first + level * step;
      const link = (before[level] >> 2) + offset;
      words[(node >> 2) + offset] = words[link]!;
      Atomics.store(words, link, node);
      before[level] = node;
    }
    this.#lastInserted = node;
    words[this.#line + Word.Count]++;
  }

  unlink(nodes: readonly Addr[]): void {
    const words = this.arena.memory.i32;
    const gone = new Set<number>(nodes);
    for (let level = 0; level < this.height; level++) {
      let at = words[this.#line + Word.Head];
      while (at !== NIL) {
        let next = words[this.#linkWord(at, level)];
        while (gone.has(next)) next = words[this.#linkWord(next, level)]!;
        words[this.#linkWord(at, level)] = next;
        at = next;
      }
    }
    this.#forgetPlace();
  }

  seek(bytes: DataView, at: number): Addr {
    const node = this.seekNode(bytes, at);
    return node === NIL ? NIL : this.entryOf(node);
  }

  cursor(): SkipListCursor {
    return new SkipListCursor(this);
  }

  /** What `console.log` prints of it in Node. */
  [INSPECT](): object {
    return show(this, () => {
      const { layout, entryCount, height } = this;
      return this.arena.dropped ? { dropped: true } : { layout, entryCount, height };
    });
  }

  /** The entry and the height of each tower, in the order of the entries. O(entries). */
  *towers(): Generator<{ entry: Addr; height: number }> {
    // From the top down: a node that a level leads to is on all levels below when those are loaded.
    const nodes: number[] = Array.from({ length: this.height });
    for (let level = nodes.length - 1; level >= 0; level--) nodes[level] = this.#link(this.#head, level);
    while (nodes[0] !== NIL) {
      const node = nodes[0] as Addr;
      let height = 1;
      while (height < nodes.length && nodes[height] === node) height++;
      for (let level = height - 1; level >= 0; level--) nodes[level] = this.#link(node, level);
      yield { entry: this.entryOf(node), height };
    }
  }

  verify(endOf: EndOf = nextByte): void {
    verifySkipList(this, endOf);
  }

  /** @internal First word of the list's line in the superblock. */
  get line(): number {
    return this.#line;
  }

  /** @internal One in this many nodes of a level is on the next level too. */
  get branching(): number {
    return this.arena.memory.i32[this.#line + Word.Branching];
  }

  /** @internal State of the generator of heights. */
  get random(): number {
    return this.arena.memory.i32[this.#line + Word.Random];
  }

  /** @internal Levels that the head reaches. */
  get heightMax(): number {
    return this.arena.memory.i32[this.#line + Word.HeightMax];
  }

  /** @internal The node before the first one, which has no entry. */
  get head(): Addr {
    return this.#head;
  }

  /** @internal The node after `node` on a level that it reaches, or NIL. */
  linkOf(node: number, level: number): Addr {
    return this.#link(node, level);
  }

  /** @internal Address of a node's tower. */
  towerStartOf(node: number, height: number): number {
    return this.layout === 'compact' ? node - 4 * height : node;
  }

  /** @internal Bytes of a tower. In the layout `leveldb` they include the pointer to its entry. */
  towerBytesOf(height: number): number {
    return this.layout === 'compact' ? 4 * height : 8 + 8 * height;
  }

  /** @internal The first node, NIL when empty. */
  firstNode(): Addr {
    return this.#link(this.#head, 0);
  }

  /** @internal The node after a node, NIL when it is the last. */
  nextNode(node: Addr): Addr {
    return this.#link(node, 0);
  }

  /** @internal The last node, NIL when empty. */
  lastNode(): Addr {
    let node = this.#head;
    for (let level = this.height - 1; level >= 0; level--) {
      for (let next = this.#link(node, level); next !== NIL; next = this.#link(node, level)) node = next;
    }
    return node === this.#head ? NIL : node;
  }

  /** @internal The node before a node, NIL when it is the first. */
  nodeBefore(node: Addr): Addr {
    let before = this.#descend(this.arena.memory.view, this.entryOf(node), true);
    if (this.order.keyStart === undefined) before = this.#walkBefore(before, node);
    return before === this.#head ? NIL : before;
  }

  /**
   * The node before a node. A search for it ended at `found`, which is another place if the order contradicts itself.
   */
  #walkBefore(found: Addr, node: Addr): Addr {
    let before: Addr = found;
    let next = this.#link(before, 0);
    for (; next !== node && next !== NIL; next = this.#link(before, 0)) before = next;
    return next === node ? before : this.#walkBefore(this.#head, node);
  }

  /** @internal The first node not before the entry at `at` of `bytes`, or NIL. */
  seekNode(bytes: DataView, at: number): Addr {
    return this.#descend(bytes, at, false);
  }

  /**
   * Searches from the top level down.
   * @param before - asks for the last node before the entry at `at` of `bytes`, or the head; else for the first node
   * not before the entry, or NIL. That is the very node that was compared: loaded again, the link may lead to a node
   * that another thread has inserted before the entry meanwhile.
   */
  #descend(bytes: DataView, at: number, before: boolean): Addr {
    const { view, i32 } = this.arena.memory;
    const order = this.order;
    const inline = this.layout === 'compact';
    const step = this.#step;
    let level = Atomics.load(i32, this.#line + Word.Height) - 1;
    let offset = this.#first + level * step;
    let node = i32[this.#line + Word.Head];
    let greater: number = NIL; // Known not to be before. The next level may reach it again.
    for (;;) {
      const next = Atomics.load(i32, (node >> 2) + offset);
      if (next !== greater && next !== NIL && order.compare(view, inline ? next : i32[next >> 2], bytes, at) < 0) {
        node = next;
      } else {
        if (level === 0) return (before ? node : next) as Addr;
        greater = next;
        level--;
        offset -= step;
      }
    }
  }

  /** Sets `#before` and `foundEqual` for the entry at `at`. Descends as `#descend` does. */
  #findPlace(bytes: DataView, at: number): void {
    const { i32: words, view } = this.arena.memory;
    const order = this.order;
    const before = this.#before;
    const inline = this.layout === 'compact';
    const step = this.#step;
    let level = words[this.#line + Word.Height] - 1;
    let offset = this.#first + level * step;
    let node = words[this.#line + Word.Head];
    let greater: number = NIL;
    let equal = false;
    for (;;) {
      const next = words[(node >> 2) + offset];
      let comparison = 1;
      if (next !== greater && next !== NIL) {
        comparison = order.compare(view, inline ? next : words[next >> 2], bytes, at);
        if (comparison === 0) equal = true;
      }
      if (comparison < 0) {
        node = next;
      } else {
        before[level] = node;
        if (level === 0) break;
        greater = next;
        level--;
        offset -= step;
      }
    }
    this.foundEqual = equal;
  }

  /** @returns whether the entry at `at` belongs right after the last one inserted, so that `#before` is right for it */
  #isPlace(bytes: DataView, at: number): boolean {
    const { view } = this.arena.memory;
    const last = this.#lastInserted;
    if (this.order.compare(view, this.entryOf(last), bytes, at) >= 0) return false;
    const next = this.#link(last, 0);
    return next === NIL || this.order.compare(view, this.entryOf(next), bytes, at) > 0;
  }

  #forgetPlace(): void {
    this.#ascending = false;
    this.#lastInserted = NIL;
  }

  #allocateNode(entryBytes: number, height: number): Addr {
    if (this.layout === 'compact') {
      const towerBytes = 4 * height;
      const tower = this.arena.allocateAligned(towerBytes + entryBytes, 4);
      return tower === NIL ? NIL : ((tower + towerBytes) as Addr);
    }
    this.arena.mark(this.#mark);
    const entry = entryBytes === 0 ? NIL : this.arena.allocate(entryBytes);
    if (entryBytes !== 0 && entry === NIL) return NIL;
    const node = this.arena.allocateAligned(8 + 8 * height, 8);
    if (node === NIL) {
      this.arena.rewind(this.#mark);
      return NIL;
    }
    const words = this.arena.memory.i32;
    words[node >> 2] = entry;
    // Clear the upper halves of the 64-bit pointers: before a reset the memory may have held other bytes.
    for (let level = -1; level < height; level++) words[this.#linkWord(node, level) + 1] = 0;
    return node;
  }

  #drawHeight(): number {
    const words = this.arena.memory.i32;
    const branchingMask = words[this.#line + Word.Branching] - 1;
    const heightMax = words[this.#line + Word.HeightMax];
    let random = words[this.#line + Word.Random];
    let height = 1;
    while (height < heightMax) {
      random = parkMillerNext(random);
      if ((random & branchingMask) !== 0) break;
      height++;
    }
    words[this.#line + Word.Random] = random;
    return height;
  }

  get #head(): Addr {
    return this.arena.memory.i32[this.#line + Word.Head] as Addr;
  }

  #linkWord(node: number, level: number): number {
    return (node >> 2) + this.#first + level * this.#step;
  }

  #link(node: number, level: number): Addr {
    return Atomics.load(this.arena.memory.i32, this.#linkWord(node, level)) as Addr;
  }
}

/** A place in a {@link SkipList}. `next` is O(1). `prev` searches, as in LevelDB, since links run one way. */
export class SkipListCursor implements IndexCursor {
  readonly #list: SkipList;
  #node = NIL;

  constructor(list: SkipList) {
    this.#list = list;
  }

  get entry(): Addr {
    return this.#node === NIL ? NIL : this.#list.entryOf(this.#node);
  }

  seekToFirst(): void {
    this.#node = this.#list.firstNode();
  }

  seekToLast(): void {
    this.#node = this.#list.lastNode();
  }

  seek(bytes: DataView, at: number): void {
    this.#node = this.#list.seekNode(bytes, at);
  }

  next(): void {
    this.#node = this.#list.nextNode(this.#node);
  }

  prev(): void {
    this.#node = this.#list.nodeBefore(this.#node);
  }
}

function isWhole(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}

function check(name: string, value: unknown, holds: boolean, wanted: string): void {
  if (!holds) throw new SkipListError('SKIPLIST_INVALID_OPTION', `${name} must be ${wanted}: ${printed(value)}`);
}
