/**
 * A skip list of blocks, for one thread. In a large list of single nodes a search takes a cache miss at nearly every
 * comparison. Here it takes a few in all.
 *
 * Each level is a linked list of blocks. A block holds up to 64 slots in order. A slot of level 0 holds an entry. A
 * slot above level 0 holds a block of the level below, and sorts as that block's first entry. When a full block gets
 * one more slot it splits: its upper half moves to a new right neighbour, and the neighbour gets a slot one level up.
 * So towers grow by rule, not by chance.
 *
 * Beside its address a slot keeps a *head*: four bytes of the key, those after the prefix of the block. The prefix is
 * what all keys between the block's two *fences* share. The fences are the first entry of the block and the first entry
 * of the next one. Heads decide nearly every comparison, so a search hardly reads entries. An insert can only narrow
 * the range between two fences, so the prefix stays right. A removal may widen the range of the block before, and then
 * sets its prefix anew. The first and the last block of a level have one fence. Their prefix is what all keys share.
 *
 * Size: this module is hot: layout constants, search, insert with split, cursor. They share a module because V8 makes
 * its consts and small functions part of the code; split up they were slower [D9]. Cold code is functions of the list's
 * bytes, in other files:
 *
 * - block-layout.ts: where the words of a block lie, with a drawing
 * - block-heads.ts: prefixes, heads and pilots; a split calls it, a search does not
 * - rebuild.ts: lays sorted entries into blocks, to undo a batch; removal.ts: takes entries out
 * - inspect/: checks the bytes, and shows them to tools
 *
 * Invariants, which `verify()` checks:
 * B1. Entries ascend strictly within a block and from block to block. Level 0 has `Count` of them.
 * B2. A block has 1 to 64 slots in use; the only leaf of an empty list has none. `next` and `prev` agree. Blocks and
 *     entries lie in bytes that the arena has handed out, and no two of them share a byte.
 * B3. Level i + 1 lists the blocks of level i in order. Only the removal of a block's first entry makes another entry
 *     its first, except in the first block of a level: smaller keys may come before it, and no search compares with it.
 * B4. All keys from a block's first entry to the next block's first entry share the block's prefix. All keys of the
 *     list share `Prefix`, which is the prefix of each level's first and last block. Every head follows from its key
 *     and its block's prefix.
 * B5. `Entry` is one of the entries, or NIL when there is none. It stands for all entries when `Prefix` is compared.
 * B6. `SpareCount` blocks from `Spare` on, and `Pending` entries, are allocated and not used yet.
 * B7. A pilot is the head of the first slot of its group. An unused slot has the highest number for its head, and NIL.
 * B8. Asked both ways, the order says of two neighbours that the second is greater. A search for an entry finds it.
 *     Checked for an order without heads, which may contradict itself. If it does, searches miss entries, but nothing
 *     else breaks: links never rely on the order giving one answer twice.
 */
import { type Addr, type Arena, INSPECT, Line, MARK_WORDS, NIL, show } from '@memtable/arena';
import { clearSlots, headOf, prefixBetween, setPrefix } from './block-heads.js';
import {
  addressesOf,
  type BlockList,
  BlockLayout,
  blocksFrom,
  BlockWord,
  entryBelow,
  firstBlock,
  lastBlock,
} from './block-layout.js';
import { SkipListError } from './errors.js';
import { common, headAt, type Keys, keysOf } from './head.js';
import { checkBlockWords } from './inspect/block-levels.js';
import { verifyBlockList } from './inspect/verify-block-skiplist.js';
import type { Order } from './order.js';
import { type EndOf, type IndexCursor, nextByte, type OrderedIndex } from './ordered-index.js';
import { mergeEntries, rebuildWith, rebuildWithout } from './rebuild.js';
import { findPathTo, moveToNextLeaf } from './path.js';
import { removeEntry } from './removal.js';
import { sortEntries } from './sort-entries.js';

// Bare consts, not exported: V8 makes their values part of the code. It loads an import from a cell at each use [D9].
const { NEXT, PREV, COUNT, PREFIX, PILOTS, HEADS, ADDRESSES } = BlockLayout;
const { SLOTS, GROUP, GROUPS, LOWEST, BLOCK_BYTES, HEIGHT_MAX } = BlockLayout;
const { BLOCK_ALIGNMENT, RUN_BLOCKS_MAX } = BlockLayout;
const Word = BlockWord;
/** Bytes of a block, and the most that aligning it skips. */
const BLOCK_SLOT_BYTES = BLOCK_BYTES + BLOCK_ALIGNMENT;

/** A run has one block for this many entries of the list, so that spare blocks cost about a byte an entry. */
const ENTRIES_PER_RUN_BLOCK = 512;

/**
 * A sorted list of entries with O(log n) insert and seek, and O(1) steps both ways. One thread uses it, readers
 * included: an insert moves slots.
 *
 * The node of an entry is the entry itself. Blocks come from the arena of the entries. Ascending inserts fill them
 * completely.
 *
 * Source: the deterministic skip lists of Munro, Papadakis and Sedgewick (1992), with blocks for nodes. Heads are the
 * "poor man's normalized keys" of Graefe and Larson (2001).
 */
export class BlockSkipList implements OrderedIndex, BlockList {
  /** @internal Value of the word `Kind`. The skip list uses 1 and 2. */
  static readonly kind = 3;

  // Fixed by the constructor.
  readonly arena: Arena;
  readonly order: Order;
  readonly #keys: Keys;
  readonly #line: number;
  /** The arena may give an entry of more bytes a block of its own. */
  readonly #smallBytesMax: number;
  /** Upper bound on the blocks that a run and a new arena block take, beyond those that pending entries need. */
  readonly #roomBlocks: number;
  /** Upper bound on the memory of one block, arena overhead included, when at least `#roomBlocks` of them are taken. */
  readonly #blockShareBytes: number;

  // The place that the last search found, and the path to it: block and slot on each level above.
  #leaf = 0;
  #slot = 0;
  readonly #pathBlocks = new Int32Array(HEIGHT_MAX);
  readonly #pathSlots = new Int32Array(HEIGHT_MAX);
  foundEqual = false;
  /** The head of the searched key in that leaf. */
  #head = 0;
  /** Below or above 0 when the searched key belongs before or after all entries, because it lacks their prefix. */
  #outside = 0;
  /** Whether the search has already inserted the node. */
  #isPlaced = false;

  readonly #mark = new Int32Array(MARK_WORDS);

  /** @internal Sink for prefetch reads: V8 drops a load whose result is unused. One bit, so that it stays a Smi. */
  touched = 0;

  // Where the last insert went, for the next one that ascends. Derived, not part of the bytes.
  #lastBlock = 0;
  #lastSlot = -1;
  #ascending = false;

  /** Makes an empty list. @throws SkipListError `SKIPLIST_INVALID_OPTION` when the arena has no room for a block */
  constructor(arena: Arena, order: Order);
  /** @internal Takes the list that the arena holds. */
  constructor(arena: Arena, order: Order, attached: boolean);
  constructor(arena: Arena, order: Order, attached = false) {
    this.arena = arena;
    this.order = order;
    this.#keys = keysOf(order);
    this.#line = arena.lineOf(Line.Index);
    const { blockBytes } = arena.stats();
    this.#smallBytesMax = Math.floor(blockBytes / 4);
    const blocksInArenaBlock = Math.max(1, Math.floor(blockBytes / BLOCK_SLOT_BYTES));
    this.#blockShareBytes = BLOCK_SLOT_BYTES + Math.ceil((2 * (blockBytes + 2 * BLOCK_ALIGNMENT)) / blocksInArenaBlock);
    this.#roomBlocks = RUN_BLOCKS_MAX + blocksInArenaBlock;
    if (attached) return;
    if (!arena.ensure(BLOCK_SLOT_BYTES, 1)) {
      throw new SkipListError('SKIPLIST_INVALID_OPTION', `${arena.memory.maxBytes} bytes cannot hold an empty list`);
    }
    arena.memory.i32[this.#line + Word.SpareCount] = 0;
    const first = this.#makeBlock();
    const words = arena.memory.i32;
    words[this.#line + Word.Kind] = BlockSkipList.kind;
    words[this.#line + Word.Root] = first;
    words[this.#line + Word.Height] = 1;
    words[this.#line + Word.Count] = 0;
    words[this.#line + Word.Pending] = 0;
    words[this.#line + Word.Prefix] = 0;
    words[this.#line + Word.Entry] = NIL;
  }

  /**
   * Takes the list that an arena holds. Only the words of the superblock are checked. For bytes that you have not
   * written call `verify()` before anything else: if it succeeds, all calls work. O(1).
   * @throws SkipListError `SKIPLIST_MALFORMED` when the arena holds no index, or another one, or its words are damaged
   */
  static attach(arena: Arena, order: Order): BlockSkipList {
    const kind = arena.memory.i32[arena.lineOf(Line.Index) + Word.Kind];
    if (kind !== BlockSkipList.kind) {
      throw new SkipListError(
        'SKIPLIST_MALFORMED',
        `the index of this arena is of kind ${kind}, not a block skip list`,
      );
    }
    const list = new BlockSkipList(arena, order, true);
    checkBlockWords(list);
    return list;
  }

  get entryCount(): number {
    return this.arena.memory.i32[this.#line + Word.Count] ?? 0;
  }

  get height(): number {
    return this.arena.memory.i32[this.#line + Word.Height] ?? 0;
  }

  entryOf(node: Addr): Addr {
    return node;
  }

  allocate(bytes: number): Addr {
    const { arena } = this;
    const words = arena.memory.i32;
    const pending = words[this.#line + Word.Pending];
    // Check for the blocks first: then nothing has to be undone. A small entry begins at most one block of the arena.
    // Each pending entry may split a block on every level and add a root.
    const blocks = (pending + 1) * (words[this.#line + Word.Height] + 1);
    const isLeft = arena.hasLeft((blocks + this.#roomBlocks) * this.#blockShareBytes);
    if (!isLeft || bytes > this.#smallBytesMax) return this.#allocateCarefully(bytes, blocks);
    const entry = arena.allocate(bytes);
    if (entry !== NIL) words[this.#line + Word.Pending] = pending + 1;
    return entry;
  }

  /**
   * `allocate` for large entries, and for memory that has little room left or does not know how much.
   * @param blocks - the blocks that pending entries and this one may need
   */
  #allocateCarefully(bytes: number, blocks: number): Addr {
    const { arena } = this;
    const isSure = bytes <= this.#smallBytesMax && arena.ensure(BLOCK_SLOT_BYTES, blocks + this.#roomBlocks);
    if (!isSure) return this.#allocateExactly(bytes, blocks);
    const entry = arena.allocate(bytes);
    if (entry !== NIL) arena.memory.i32[this.#line + Word.Pending]++;
    return entry;
  }

  /** `allocate` for large entries, and for the last ones that fit: checks for the blocks after allocating the entry. */
  #allocateExactly(bytes: number, blocks: number): Addr {
    const { arena } = this;
    arena.mark(this.#mark);
    const entry = arena.allocate(bytes);
    if (entry !== NIL && arena.ensure(BLOCK_SLOT_BYTES, blocks)) {
      arena.memory.i32[this.#line + Word.Pending]++;
      return entry;
    }
    arena.rewind(this.#mark);
    return NIL;
  }

  /** Like {@link BlockSkipList.allocate}, for an entry that the arena itself has allocated. */
  adopt(): boolean {
    const { arena } = this;
    const words = arena.memory.i32;
    const blocks = (words[this.#line + Word.Pending] + 1) * (words[this.#line + Word.Height] + 1);
    if (!arena.hasLeft(blocks * this.#blockShareBytes) && !arena.ensure(BLOCK_SLOT_BYTES, blocks)) return false;
    arena.memory.i32[this.#line + Word.Pending]++;
    return true;
  }

  insert(node: Addr): boolean {
    this.#findPlace(this.arena.memory.view, node, node);
    if (this.#isPlaced) return true;
    if (!this.foundEqual) this.insertFound(node);
    else this.arena.memory.i32[this.#line + Word.Pending]--;
    return !this.foundEqual;
  }

  find(bytes: DataView, at: number): Addr {
    this.#findPlace(bytes, at, NIL);
    const words = this.arena.memory.i32;
    const word = this.#leaf >> 2;
    const slot = this.#slot;
    if (slot < words[word + COUNT]) {
      const isOther = words[word + HEADS + 2 * slot] !== this.#head;
      return isOther ? NIL : (words[word + ADDRESSES + 2 * slot] as Addr);
    }
    const next = words[word + NEXT];
    return next === NIL ? NIL : (words[(next >> 2) + ADDRESSES] as Addr);
  }

  insertFound(node: Addr): void {
    const { view } = this.arena.memory;
    let words = this.arena.memory.i32;
    if (this.#outside !== 0) this.#sharePrefix(node);
    const block = this.#leaf;
    const slot = this.#slot;
    if (words[(block >> 2) + COUNT] < SLOTS) {
      this.#place(block, slot, node, this.#outside === 0 ? this.#head : headOf(this, block, node));
    } else {
      // A split needs the path too. An ascending insert has skipped the search.
      if (this.#ascending && this.order.keyStart === undefined)
        findPathTo(this, block, this.#pathBlocks, this.#pathSlots);
      else if (this.#ascending)
        this.#findPath(view, node, this.#keys.keyStart(view, node), this.#keys.keyLength(view, node), NIL);
      this.#placeAndSplit(0, block, slot, node);
      words = this.arena.memory.i32; // Allocating a run may have moved the memory.
    }
    this.#countInserted(words);
  }

  /** Counts an entry, and remembers where it went. */
  #countInserted(words: Int32Array): void {
    const line = this.#line;
    this.#lastBlock = this.#leaf;
    this.#lastSlot = this.#slot;
    words[line + Word.Count]++;
    words[line + Word.Pending]--;
  }

  /** Finds the place of an entry: leaf, slot and path. May insert `node` there, as `#findPath` does. */
  #findPlace(bytes: DataView, at: number, node: number): void {
    this.#isPlaced = false;
    const words = this.arena.memory.i32;
    const start = this.#keys.keyStart(bytes, at);
    const length = this.#keys.keyLength(bytes, at);
    this.#outside = words[this.#line + Word.Count] === 0 ? 1 : this.#isOutside(bytes, at, start, length);
    if (this.#outside !== 0) {
      this.foundEqual = false;
      this.#findEnd(this.#outside > 0);
      return;
    }
    if (this.#ascending && this.#isAfterLast(bytes, at)) {
      this.foundEqual = false;
      const prefix = words[(this.#lastBlock >> 2) + PREFIX];
      this.#head = headAt(bytes, start + prefix, length - prefix);
      this.#leaf = this.#lastBlock;
      this.#slot = this.#lastSlot + 1;
      return;
    }
    this.#ascending = false; // If the order throws, no later insert may trust a half-found place.
    const afterBlock = this.#lastBlock;
    const afterSlot = this.#lastSlot + 1;
    this.#findPath(bytes, at, start, length, node);
    this.#ascending = this.#leaf === afterBlock && this.#slot === afterSlot;
  }

  /** Finds the place before the first or after the last entry: leaf, slot and path. */
  #findEnd(last: boolean): void {
    const words = this.arena.memory.i32;
    for (let level = this.height - 1; level > 0; level--) {
      const block = last ? lastBlock(this, level) : firstBlock(this, level);
      this.#pathBlocks[level] = block;
      this.#pathSlots[level] = last ? words[(block >> 2) + COUNT] - 1 : 0;
    }
    this.#leaf = last ? lastBlock(this, 0) : firstBlock(this, 0);
    this.#slot = last ? words[(this.#leaf >> 2) + COUNT] : 0;
    this.#ascending = this.#leaf === this.#lastBlock && this.#slot === this.#lastSlot + 1;
  }

  /** Shortens `Prefix` to what all keys and the key of a new entry share. Each level's first and last block follow. */
  #sharePrefix(entry: number): void {
    const words = this.arena.memory.i32;
    if (words[this.#line + Word.Count] === 0) words[this.#line + Word.Entry] = entry;
    words[this.#line + Word.Prefix] = prefixBetween(this, words[this.#line + Word.Entry], entry);
    for (let level = this.height - 1; level >= 0; level--) {
      setPrefix(this, firstBlock(this, level), level);
      setPrefix(this, lastBlock(this, level), level);
    }
  }

  unlink(nodes: readonly Addr[], mark: Int32Array): void {
    // Rewinding the arena takes the blocks made since the mark. The older blocks held the older entries before, so on
    // every level they have room.
    rebuildWithout(this, new Set<number>(nodes), (block) => this.#isSince(mark, block));
    this.#forgetPlace();
  }

  /** @internal Sorts entries that are written and not linked yet. See `sortEntries`. */
  sort(entries: Int32Array): number[] {
    return sortEntries(this, entries);
  }

  /**
   * Links entries at once that were allocated from the arena itself. O(all entries).
   * @param entries - sorted; none equals another, nor one of the list
   * @param following - gets for each of them the entry of the list behind it, or NIL
   * @returns false when the memory has no room for the blocks. Then, and when the order throws, nothing has changed
   */
  load(entries: Int32Array, following: Int32Array): boolean {
    if (!rebuildWith(this, mergeEntries(this, entries, following))) return false;
    this.#forgetPlace();
    return true;
  }

  /**
   * Takes an entry out of the list. The bytes of the entry stay, so a cursor on it can go on from there. A block that
   * gets empty is not used again. O(log n), and O(64) more for each block that gets empty.
   * @returns false when the list does not have the entry; then nothing has changed
   * @throws what the order throws; then nothing has changed
   */
  remove(entry: Addr): boolean {
    const { i32: words, view } = this.arena.memory;
    if (words[this.#line + Word.Count] === 0) return false;
    this.#findPath(view, entry, this.#keys.keyStart(view, entry), this.#keys.keyLength(view, entry), NIL);
    let leaf = this.#leaf;
    let slot = this.#slot;
    if (slot >= words[(leaf >> 2) + COUNT]) {
      // A search for the first entry of a leaf ends behind the last slot of the leaf before it.
      leaf = words[(leaf >> 2) + NEXT];
      slot = 0;
      if (leaf === NIL) return false;
      moveToNextLeaf(this, this.#pathBlocks, this.#pathSlots);
    }
    if (words[(leaf >> 2) + ADDRESSES + 2 * slot] !== entry) return false;
    // The entry inserted last moves one slot down, or is the one that goes.
    if (leaf === this.#lastBlock && slot <= this.#lastSlot && --this.#lastSlot < 0) this.#forgetPlace();
    removeEntry(this, leaf, slot, this.#pathBlocks, this.#pathSlots);
    return true;
  }

  seek(bytes: DataView, at: number): Addr {
    const start = this.#keys.keyStart(bytes, at);
    const length = this.#keys.keyLength(bytes, at);
    const outside = this.#isOutside(bytes, at, start, length);
    if (outside > 0) return NIL;
    const words = this.arena.memory.i32;
    if (outside === 0) this.#findPath(bytes, at, start, length, NIL);
    const block = outside < 0 ? firstBlock(this, 0) : this.#leaf;
    const slot = outside < 0 ? 0 : this.#slot;
    if (slot < words[(block >> 2) + COUNT]) return words[(block >> 2) + ADDRESSES + 2 * slot] as Addr;
    const next = words[(block >> 2) + NEXT];
    return next === NIL ? NIL : (words[(next >> 2) + ADDRESSES] as Addr);
  }

  cursor(): BlockCursor {
    return new BlockCursor(this);
  }

  /** What `console.log` prints of it in Node. */
  [INSPECT](): object {
    return show(this, () => {
      const { entryCount, height } = this;
      return this.arena.dropped ? { dropped: true } : { entryCount, height };
    });
  }

  /** @internal Reads the keys of entries. */
  get keys(): Keys {
    return this.#keys;
  }

  /** @internal First word of the list's line in the superblock. */
  get line(): number {
    return this.#line;
  }

  /** @internal The blocks of a run that are not used yet. */
  get spare(): { address: number; bytes: number } {
    const words = this.arena.memory.i32;
    return { address: words[this.#line + Word.Spare], bytes: words[this.#line + Word.SpareCount] * BLOCK_BYTES };
  }

  /** @internal For `inspect`: whether a key lacks the prefix of all keys, so that a seek searches no block. */
  isOutside(bytes: DataView, at: number): boolean {
    return this.#isOutside(bytes, at, this.#keys.keyStart(bytes, at), this.#keys.keyLength(bytes, at)) !== 0;
  }

  /** @internal For `inspect`: searches the slots of a block whose heads equal the key's, as a seek does. */
  searchEqual(block: number, level: number, low: number, head: number, bytes: DataView, at: number): number {
    return this.#searchEqual(this.arena.memory.i32, block >> 2, level, low, head, bytes, at);
  }

  /** @internal Writes the place of the first entry not before the one at `at` to `place`: block or NIL, and slot. */
  locate(bytes: DataView, at: number, place: Int32Array): void {
    const start = this.#keys.keyStart(bytes, at);
    const length = this.#keys.keyLength(bytes, at);
    const outside = this.#isOutside(bytes, at, start, length);
    if (outside !== 0) {
      if (outside < 0) this.locateEnd(false, place);
      else place.fill(NIL);
      return;
    }
    const words = this.arena.memory.i32;
    this.#findPath(bytes, at, start, length, NIL);
    const block = this.#leaf;
    const slot = this.#slot;
    const inside = slot < words[(block >> 2) + COUNT];
    place[0] = inside ? block : words[(block >> 2) + NEXT];
    place[1] = inside ? slot : 0;
  }

  /**
   * @internal Writes the place of an entry to `place`. A search may end elsewhere when an order without heads
   * contradicts itself. Then this walks level 0.
   */
  locateEntry(entry: number, place: Int32Array): void {
    const { i32: words, view } = this.arena.memory;
    this.locate(view, entry, place);
    if (this.order.keyStart !== undefined) return;
    if (place[0] !== NIL && words[(place[0] >> 2) + ADDRESSES + 2 * place[1]] === entry) return;
    for (const block of blocksFrom(words, firstBlock(this, 0))) {
      const slot = addressesOf(words, block).indexOf(entry);
      if (slot === -1) continue;
      place[0] = block;
      place[1] = slot;
      return;
    }
  }

  /** @internal Writes the place of the first or the last entry to `place`. */
  locateEnd(last: boolean, place: Int32Array): void {
    const words = this.arena.memory.i32;
    let block = words[this.#line + Word.Root];
    for (let level = this.height - 1; level > 0; level--) {
      const slot = last ? words[(block >> 2) + COUNT] - 1 : 0;
      block = words[(block >> 2) + ADDRESSES + 2 * slot];
    }
    const count = words[(block >> 2) + COUNT];
    place[0] = count === 0 ? NIL : block;
    place[1] = last ? count - 1 : 0;
  }

  /**
   * @internal Prefetches the entries in the slots of a leaf from `from` up to, not including, `to`. Entries lie
   * scattered. Loading a word of each before any is used makes the misses overlap [D15]. Loads both ends of an entry's
   * first 32 bytes, which may lie in two cache lines.
   */
  touchEntries(block: number, from: number, to: number): void {
    const words = this.arena.memory.i32;
    const first = (block >> 2) + ADDRESSES;
    let touched = 0;
    for (let slot = from; slot < to; slot++) {
      // An unused slot has address 0, the superblock. A word beyond the memory is undefined, which counts as 0.
      const word = words[first + 2 * slot] >> 2;
      touched |= words[word] | words[word + 7];
    }
    this.touched = touched & 1;
  }

  /** Prefetches a block's nine lines at once, instead of missing on pilots, group and shifted slots in turn [D15]. */
  #touchBlock(words: Int32Array, word: number): void {
    const groups = word + HEADS;
    const touched =
      words[groups] |
      words[groups + 2 * GROUP] |
      words[groups + 4 * GROUP] |
      words[groups + 6 * GROUP] |
      words[groups + 8 * GROUP] |
      words[groups + 10 * GROUP] |
      words[groups + 12 * GROUP] |
      words[groups + 14 * GROUP];
    this.touched = touched & 1;
  }

  verify(endOf: EndOf = nextByte): void {
    verifyBlockList(this, (entry) => this.seek(this.arena.memory.view, entry), endOf);
  }

  /** @returns below or above 0 when the key lacks the prefix of all, so that it comes before or after them; else 0 */
  #isOutside(bytes: DataView, at: number, start: number, length: number): number {
    const { i32: words, view } = this.arena.memory;
    const prefix = words[this.#line + Word.Prefix];
    if (prefix === 0) return 0;
    const some = words[this.#line + Word.Entry];
    const isInside = length >= prefix && common(bytes, start, view, this.#keys.keyStart(view, some), prefix) === prefix;
    return isInside ? 0 : this.order.compare(bytes, at, view, some);
  }

  /**
   * Finds the first entry not before the one at `at`, from the root down: leaf, slot and path. Inserts `node` there if
   * the leaf has room and the list has no equal entry; NIL inserts nothing.
   *
   * In each block it compares the middle pilot, counts the lower pilots of that half, and does the same with the heads
   * of one group. Counting has no branch to mispredict, so it beats a binary search [D13]. An unused slot never counts,
   * as its head is the highest number.
   */
  #findPath(bytes: DataView, at: number, start: number, length: number, node: number): void {
    const words = this.arena.memory.i32;
    const pathBlocks = this.#pathBlocks;
    const pathSlots = this.#pathSlots;
    this.foundEqual = false;
    let block = words[this.#line + Word.Root];
    let level = words[this.#line + Word.Height] - 1;
    for (;;) {
      const word = block >>> 2;
      const prefix = words[word + PREFIX];
      if (level === 0) this.#touchBlock(words, word);
      const head = headAt(bytes, start + prefix, length - prefix);
      const p = word + PILOTS;
      const half = +(words[p + 4] < head) << 2;
      const q = p + half;
      const group = half + +(words[q + 1] < head) + +(words[q + 2] < head) + +(words[q + 3] < head);
      const first = group * GROUP + (+(words[word + HEADS + 2 * GROUP * group + 6] < head) << 2);
      const h = word + HEADS + 2 * first;
      let slot = first + +(words[h] < head) + +(words[h + 2] < head) + +(words[h + 4] < head) + +(words[h + 6] < head);
      // Above level 0 everything before slot 1 belongs to slot 0.
      if (level > 0 && slot === 0) slot = 1;
      if (slot < words[word + COUNT] && words[word + HEADS + 2 * slot] === head) {
        slot = this.#searchEqual(words, word, level, slot, head, bytes, at);
      }
      if (level === 0) {
        this.#leaf = block;
        this.#slot = slot;
        this.#head = head;
        if (node !== NIL && words[word + COUNT] < SLOTS && !this.foundEqual) {
          this.#place(block, slot, node, head);
          this.#countInserted(words);
          this.#isPlaced = true;
        }
        return;
      }
      pathBlocks[level] = block;
      pathSlots[level] = slot - 1;
      block = words[word + ADDRESSES + 2 * slot - 2];
      level--;
    }
  }

  /**
   * Goes on with a search among the slots whose head equals the key's, from `low` on. Only whole keys decide there.
   * Bytes that the key shares with the entries at both ends of a range, it shares with all between. They are not
   * compared again [D3].
   */
  #searchEqual(
    words: Int32Array,
    word: number,
    level: number,
    low: number,
    head: number,
    bytes: DataView,
    at: number,
  ): number {
    const { view } = this.arena.memory;
    const keys = this.#keys;
    const count = words[word + COUNT];
    // Few heads in a row are equal, so gallop to their end: steps double from `low` on.
    let high = low + 1;
    for (let step = 1; high < count && words[word + HEADS + 2 * high] === head; step *= 2) high += step;
    if (high > count) high = count;
    let commonLow = words[word + PREFIX];
    let commonHigh = commonLow;
    // Among equal heads, probe the first slot first: the newest version of a key always sits there [D16].
    let middle = low;
    while (low < high) {
      if (words[word + HEADS + 2 * middle] > head) high = middle;
      else {
        const entry = entryBelow(words, words[word + ADDRESSES + 2 * middle], level);
        const from = commonLow < commonHigh ? commonLow : commonHigh;
        const comparison = keys.compareFrom(view, entry, bytes, at, from);
        if (comparison < 0) {
          low = middle + 1;
          commonLow = keys.common;
        } else {
          if (comparison === 0) this.foundEqual = true;
          high = middle;
          commonHigh = keys.common;
        }
      }
      middle = (low + high) >>> 1;
    }
    return low;
  }

  /** @returns whether an entry belongs right after the one inserted last */
  #isAfterLast(bytes: DataView, at: number): boolean {
    const { i32: words, view } = this.arena.memory;
    const word = this.#lastBlock >> 2;
    const last = this.#lastSlot;
    if (this.order.compare(view, words[word + ADDRESSES + 2 * last], bytes, at) >= 0) return false;
    let next = NIL as number;
    if (last + 1 < words[word + COUNT]) next = words[word + ADDRESSES + 2 * last + 2];
    else if (words[word + NEXT] !== NIL) next = words[(words[word + NEXT] >> 2) + ADDRESSES];
    return next === NIL || this.order.compare(view, next, bytes, at) > 0;
  }

  #forgetPlace(): void {
    this.#ascending = false;
    this.#lastBlock = 0;
    this.#lastSlot = -1;
  }

  /** Inserts an address into a block that has room, at a slot. */
  #place(block: number, slot: number, address: number, head: number): void {
    const { i32: words, f64: pairs } = this.arena.memory;
    const word = block >> 2;
    const count = words[word + COUNT];
    const first = (word + HEADS) >> 1;
    // A loop: the call of `copyWithin` costs more than the few moves.
    for (let i = first + count; i > first + slot; i--) pairs[i] = pairs[i - 1];
    words[word + HEADS + 2 * slot] = head;
    words[word + ADDRESSES + 2 * slot] = address;
    words[word + COUNT] = count + 1;
    this.#setPilots(word, (slot + GROUP - 1) >> 3);
  }

  /** Sets the pilots of the groups from `from` on. */
  #setPilots(word: number, from: number): void {
    const words = this.arena.memory.i32;
    for (let group = from; group < GROUPS; group++)
      words[word + PILOTS + group] = words[word + HEADS + 2 * GROUP * group];
  }

  /**
   * Inserts an address into a full block, which splits. In the drawing a block has 8 slots, and `e` belongs after `d`:
   *
   * ```
   *   full       level 1   | .  B  N  . |
   *                             |  |
   *              level 0        B |a b c d f g h i| <-> N
   *
   *   1. move    B |a b c d . . . .|      R |f g h i . . . .|            R is new, and no block links to it yet
   *   2. link    B |a b c d . . . .| <--> R |f g h i . . . .| <-> N
   *   3. insert  B |a b c d e . . .| <--> R |f g h i . . . .| <-> N      then set the prefixes and heads of B and R
   *   4. list    level 1   | .  B  R  N |                                R sorts as `f`; a full block there splits too
   * ```
   *
   * While entries ascend, only the slots after the new one move, so that blocks get full. Nothing here can fail:
   * `allocate` has made sure of the blocks, and no step calls `compare`.
   */
  #placeAndSplit(level: number, block: number, slot: number, address: number): void {
    const right = this.#makeBlock();
    const { i32: words, f64: pairs } = this.arena.memory;
    const from = block >> 2;
    const to = right >> 2;
    const cut = this.#ascending && slot > SLOTS / 2 ? slot : SLOTS / 2;
    // 1. Move.
    for (let slot = cut; slot < SLOTS; slot++) {
      pairs[((to + HEADS) >> 1) + slot - cut] = pairs[((from + HEADS) >> 1) + slot];
    }
    clearSlots(words, from, cut);
    words[from + COUNT] = cut;
    words[to + COUNT] = SLOTS - cut;
    words[to + PREFIX] = words[from + PREFIX];
    this.#setPilots(from, 0);
    this.#setPilots(to, 0);
    // 2. Link.
    const next = words[from + NEXT];
    words[to + NEXT] = next;
    words[to + PREV] = block;
    words[from + NEXT] = right;
    if (next !== NIL) words[(next >> 2) + PREV] = right;
    // 3. Insert. At the cut it goes to the end of the left half, unless the right half would stay empty.
    const goesRight = slot > cut || cut === SLOTS;
    const home = goesRight ? right : block;
    const place = goesRight ? slot - cut : slot;
    this.#place(home, place, address, headOf(this, home, entryBelow(words, address, level)));
    setPrefix(this, block, level);
    setPrefix(this, right, level);
    // 4. List.
    this.#promote(level + 1, right);
    if (level === 0) {
      this.#leaf = home;
      this.#slot = place;
    }
  }

  /** Gives a new block a slot on the level above it, to the right of the block that it came from. */
  #promote(level: number, child: number): void {
    const entry = entryBelow(this.arena.memory.i32, child, level);
    if (level === this.height) {
      const root = this.#makeBlock();
      const words = this.arena.memory.i32;
      this.#place(root, 0, words[this.#line + Word.Root], LOWEST);
      this.#place(root, 1, child, headOf(this, root, entry));
      words[this.#line + Word.Root] = root;
      words[this.#line + Word.Height] = level + 1;
      return;
    }
    const block = this.#pathBlocks[level];
    const slot = this.#pathSlots[level] + 1;
    if (this.arena.memory.i32[(block >> 2) + COUNT] < SLOTS)
      this.#place(block, slot, child, headOf(this, block, entry));
    else this.#placeAndSplit(level, block, slot, child);
  }

  /** Makes an empty block, for which `allocate` has made sure of room. May move the memory. */
  #makeBlock(): number {
    if (this.arena.memory.i32[this.#line + Word.SpareCount] === 0) this.#takeRun();
    const words = this.arena.memory.i32;
    const block = words[this.#line + Word.Spare];
    words[this.#line + Word.Spare] = block + BLOCK_BYTES;
    words[this.#line + Word.SpareCount]--;
    const word = block >> 2;
    for (let i = 0; i < PILOTS; i++) words[word + i] = 0;
    clearSlots(words, word, 0);
    this.#setPilots(word, 0);
    words[word + PREFIX] = words[this.#line + Word.Prefix];
    return block;
  }

  /** Allocates a run of blocks, or a single block when the memory has no room for a run. */
  #takeRun(): void {
    const { arena } = this;
    let count = Math.min(RUN_BLOCKS_MAX, 1 + Math.floor(this.entryCount / ENTRIES_PER_RUN_BLOCK));
    if (!arena.ensure(count * BLOCK_BYTES + BLOCK_ALIGNMENT, 1)) count = 1;
    const first = arena.allocateAligned(count * BLOCK_BYTES, BLOCK_ALIGNMENT);
    const words = arena.memory.i32;
    words[this.#line + Word.Spare] = first;
    words[this.#line + Word.SpareCount] = count;
  }

  /** @returns whether a block was made after the mark; it may have been spare then */
  #isSince(mark: Int32Array, block: number): boolean {
    const line = this.arena.markOf(this.#line);
    const spare = mark[line + Word.Spare];
    const spareEnd = spare + mark[line + Word.SpareCount] * BLOCK_BYTES;
    return (block >= spare && block < spareEnd) || this.arena.isSince(mark, block);
  }
}

/**
 * A place in a {@link BlockSkipList}. Steps are O(1), both ways.
 *
 * A scan prefetches the entries ahead. It begins with one group of slots and doubles up to a block, so that a short
 * scan loads little that it does not visit.
 */
export class BlockCursor implements IndexCursor {
  readonly #list: BlockSkipList;
  // The place of the entry when the cursor got there. Inserts may have moved the entry to another slot or block since.
  #block: number = NIL;
  #slot = 0;
  #entry: Addr = NIL;
  readonly #found = new Int32Array(2);
  // The slots of the block whose entries have been prefetched.
  #aheadFrom = 0;
  #aheadTo = 0;
  /** Slots to prefetch next. */
  #window = GROUP;

  constructor(list: BlockSkipList) {
    this.#list = list;
  }

  get entry(): Addr {
    return this.#entry;
  }

  seekToFirst(): void {
    this.#list.locateEnd(false, this.#found);
    this.#goToFound();
  }

  seekToLast(): void {
    this.#list.locateEnd(true, this.#found);
    this.#goToFound();
  }

  seek(bytes: DataView, at: number): void {
    this.#list.locate(bytes, at, this.#found);
    this.#goToFound();
  }

  next(): void {
    const words = this.#list.arena.memory.i32;
    if (words[(this.#block >> 2) + ADDRESSES + 2 * this.#slot] !== this.#entry) {
      const left = this.#entry;
      this.#findEntry();
      if (this.#entry !== left) return;
    }
    let block = this.#block;
    let slot = this.#slot + 1;
    if (slot >= words[(block >> 2) + COUNT]) {
      block = words[(block >> 2) + NEXT];
      slot = 0;
      this.#enter(block, slot);
    }
    if (slot >= this.#aheadTo) this.#lookAhead(slot, slot + this.#window);
    this.#slot = slot;
    this.#entry = block === NIL ? NIL : (words[(block >> 2) + ADDRESSES + 2 * slot] as Addr);
  }

  prev(): void {
    const words = this.#list.arena.memory.i32;
    if (words[(this.#block >> 2) + ADDRESSES + 2 * this.#slot] !== this.#entry) {
      this.#findEntry();
      if (this.#entry === NIL) {
        this.seekToLast();
        return;
      }
    }
    let block = this.#block;
    let slot = this.#slot - 1;
    if (slot < 0) {
      block = words[(block >> 2) + PREV];
      slot = block === NIL ? 0 : words[(block >> 2) + COUNT] - 1;
      this.#enter(block, slot + 1);
    }
    if (slot < this.#aheadFrom) this.#lookAhead(slot + 1 - this.#window, slot + 1);
    this.#slot = slot;
    this.#entry = block === NIL ? NIL : (words[(block >> 2) + ADDRESSES + 2 * slot] as Addr);
  }

  /**
   * Moves from an entry that has been removed to the one after it, or before it. Stays on an entry that is in the list.
   */
  settle(back: boolean): void {
    const left = this.#entry;
    if (left === NIL || this.#list.arena.memory.i32[(this.#block >> 2) + ADDRESSES + 2 * this.#slot] === left) return;
    this.#findEntry();
    if (this.#entry === left || !back) return;
    if (this.#entry === NIL) this.seekToLast();
    else this.prev();
  }

  #enter(block: number, ahead: number): void {
    this.#block = block;
    this.#aheadFrom = ahead;
    this.#aheadTo = ahead;
  }

  #lookAhead(from: number, to: number): void {
    if (this.#block === NIL) return;
    this.#aheadFrom = from < 0 ? 0 : from;
    this.#aheadTo = to > SLOTS ? SLOTS : to;
    this.#list.touchEntries(this.#block, this.#aheadFrom, this.#aheadTo);
    if (this.#window < SLOTS) this.#window *= 2;
  }

  /**
   * Searches for an entry that has left its slot. A removed entry still has its bytes, and the search for it ends at
   * the entry after it.
   */
  #findEntry(): void {
    this.#list.locateEntry(this.#entry, this.#found);
    this.#goToFound();
  }

  #goToFound(): void {
    const block = this.#found[0];
    const slot = (this.#slot = this.#found[1]);
    this.#enter(block, slot);
    this.#aheadFrom = slot - 1; // Most searches for the entry before a place take one step back: prefetch at the next.
    this.#window = GROUP;
    this.#entry = block === NIL ? NIL : (this.#list.arena.memory.i32[(block >> 2) + ADDRESSES + 2 * slot] as Addr);
  }
}
