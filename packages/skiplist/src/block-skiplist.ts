/**
 * A skip list of blocks: what waits for memory in a list of single nodes is a handful of cache lines here.
 *
 * Each level is a linked list of blocks, which hold up to 64 slots in order. A slot of level 0 is an entry; a slot of a
 * level above is a block of the level below, and stands for that block's first entry. An overfull block gives its upper
 * half to a new right neighbour, which gets a slot one level up: towers grow by rule, not by chance.
 *
 * A slot keeps four bytes of its key beside the address, its *head*: those after the prefix that all keys between the
 * block's two *fences* share (its own first entry and the next block's). Heads decide nearly every comparison, so that
 * entries are hardly touched. An insert only ever shrinks a fence range, so a prefix once right stays right; a removal may
 * widen that of the block before, whose prefix is then set anew. The first and the last block of a level are open on one
 * side; there it is the prefix of all keys so far.
 *
 * Invariants, which `verify()` checks:
 * B1. Entries ascend strictly within a block and from block to block; level 0 has `Count` of them.
 * B2. No block but a sole one is empty, none has more slots than it holds; `next` and `prev` agree.
 * B3. Level i + 1 lists the blocks of level i in order. A block's first entry changes only when it is removed; but for
 *     that of a level's first block, before which smaller keys may come, and with which nobody compares.
 * B4. All keys from a block's first to the next block's first share the block's prefix, and all keys share `Prefix`,
 *     which is that of a level's first and last block. Every head follows from its key and its block's prefix.
 * B5. `Entry` is one of the entries, NIL when there is none: the key that stands for all when prefixes are compared.
 * B6. `SpareCount` blocks from `Spare` on are in nobody's use yet.
 * B7. A pilot is the head of the first slot of its group; heads of unused slots are the highest number there is.
 * B8. Of neighbours the second is greater than the first, asked either way round, and a search for an entry finds it.
 *     Checked for an order without heads, which may contradict itself. Then searches miss entries, but nothing else
 *     breaks: structure never depends on what an order says twice.
 */
import { type Addr, type Arena, INSPECT, Line, MARK_WORDS, NIL, show } from '@memtable/arena';
import { SkipListError } from './errors.js';
import { common, headAt, type Keys, keysOf } from './head.js';
import type { Order } from './order.js';
import type { IndexCursor, OrderedIndex } from './ordered-index.js';

/**
 * A block; two characters are four bytes:
 *
 * ```
 *   cache line  |                               |                               |         (8 of those)
 *               |n p c x         P P P P P P P P |h a h a h a h a h a h a h a h a |h a h a ...
 *
 *   n next block     c slots in use      P pilots: head of each group's first slot
 *   p previous       x prefix length     h head, a address: of an entry, above level 0 of a block of the level below
 * ```
 *
 * A group of 8 slots is a cache line. A search needs the line of the pilots, then the one line of its group: two lines of
 * memory a level. Without pilots a binary search through the slots would touch five. A slot is eight bytes, so that it is
 * moved as one double; the address is the half that decides whether it were a NaN, and addresses end below those.
 */
const NEXT = 0;
const PREV = 1;
const COUNT = 2;
const PREFIX = 3;
const PILOTS = 8;
const HEADS = 16;
const ADDRESSES = HEADS + 1;
const SLOTS = 64;
const GROUP = 8;
const GROUPS = SLOTS / GROUP;
/** Head of a slot that is not in use: above all others. */
const UNUSED = 0x7fffffff;
/** Head of the very first slot of an upper level, which stands for whatever is smaller than the second: below all. */
const LOWEST = -0x80000000;
const BLOCK_BYTES = 4 * (HEADS + 2 * SLOTS);
/** Of the memory, so that groups of heads do not straddle two lines. */
const CACHE_LINE_BYTES = 64;
/** With what may be skipped to get to a line. */
const BLOCK_SLOT_BYTES = BLOCK_BYTES + CACHE_LINE_BYTES;

/**
 * Blocks are taken from the arena in runs, so that they lie side by side: among entries each would have a page of its own, and at
 * a million entries a search would wait for that page to be looked up. A run of 28 blocks fills four pages.
 */
const RUN_BLOCKS_MAX = 28;
/** A run has one block for so many entries, so that what is taken ahead is about a byte an entry. */
const ENTRIES_PER_RUN_BLOCK = 512;

/** Levels there may be: 32 at least a block, so more than memory can hold. */
const HEIGHT_MAX = 12;

/** Words of the index's line in the superblock. */
const Word = {
  Kind: 0,
  Root: 1,
  Height: 2,
  Count: 3,
  Pending: 4,
  Prefix: 5,
  Entry: 6,
  Spare: 7,
  SpareCount: 8,
} as const;

/** A block of a {@link BlockSkipList} as plain data, copied. */
export interface IndexBlock {
  readonly address: number;
  readonly bytes: number;
  readonly level: number;
  /** The blocks beside it on its level, or 0. */
  readonly next: number;
  readonly previous: number;
  readonly slotCount: number;
  /** Slots that it could have. */
  readonly slotMax: number;
  /** Bytes at the start of its keys that its heads leave out. */
  readonly prefixBytes: number;
  /** The first entry below each slot. */
  readonly entries: Int32Array;
  readonly heads: Int32Array;
  /** The block below each slot; none on level 0. */
  readonly children: Int32Array;
}

/**
 * A sorted list of entries with O(log n) insert and seek and O(1) steps both ways. One thread uses it: slots move while
 * an entry is inserted.
 *
 * A node is its entry. Index blocks come from the same arena as the entries; ascending inserts fill them completely.
 *
 * Source: the deterministic skip lists of Munro, Papadakis and Sedgewick (1992), with blocks for nodes; heads are the
 * "poor man's normalized keys" of Graefe and Larson (2001).
 */
export class BlockSkipList implements OrderedIndex {
  /** @internal What the first word of the index's line is; the skip list has 1 and 2. */
  static readonly kind = 3;

  // Fixed by the constructor.
  readonly arena: Arena;
  readonly order: Order;
  readonly #keys: Keys;
  readonly #line: number;
  /** An entry of more bytes may get a block of its own from the arena. */
  readonly #smallBytesMax: number;
  /** Upper bound on the blocks that a run or a block of the arena takes beyond those that entries need. */
  readonly #roomBlocks: number;
  /** More than a block takes of the memory when there are that many of them or more. */
  readonly #blockShareBytes: number;

  // The place found last, and the way down to it: block and slot on each level above.
  #leaf = 0;
  #slot = 0;
  readonly #pathBlocks = new Int32Array(HEIGHT_MAX);
  readonly #pathSlots = new Int32Array(HEIGHT_MAX);
  foundEqual = false;
  /** The head that was looked for in the leaf found last. */
  #head = 0;
  /** Below or above 0 when the entry belongs before or after all others, whose prefix it does not share. */
  #outside = 0;
  /** Whether the node that a place was looked for has been put there already. */
  #isPlaced = false;

  readonly #mark = new Int32Array(MARK_WORDS);

  /** @internal What has been touched: somebody might ask, so that it cannot be left out. One bit, as a larger number may need a heap object. */
  touched = 0;

  // Where the last insert went, for the next ascending one. Derived.
  #lastBlock = 0;
  #lastSlot = -1;
  #ascending = false;

  /** An empty list. @throws SkipListError `SKIPLIST_INVALID_OPTION` when the arena cannot hold it */
  constructor(arena: Arena, order: Order);
  /** @internal The list that the arena holds already. */
  constructor(arena: Arena, order: Order, attached: boolean);
  constructor(arena: Arena, order: Order, attached = false) {
    this.arena = arena;
    this.order = order;
    this.#keys = keysOf(order);
    this.#line = arena.lineOf(Line.Index);
    const { blockBytes } = arena.stats();
    this.#smallBytesMax = Math.floor(blockBytes / 4);
    const blocksInArenaBlock = Math.max(1, Math.floor(blockBytes / BLOCK_SLOT_BYTES));
    this.#blockShareBytes =
      BLOCK_SLOT_BYTES + Math.ceil((2 * (blockBytes + 2 * CACHE_LINE_BYTES)) / blocksInArenaBlock);
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
   * The list that lies in an arena.
   * @throws SkipListError `SKIPLIST_MALFORMED` when there is none, or another index; call `verify()` to check the rest
   */
  static attach(arena: Arena, order: Order): BlockSkipList {
    const kind = arena.memory.i32[arena.lineOf(Line.Index) + Word.Kind];
    if (kind !== BlockSkipList.kind) {
      throw new SkipListError(
        'SKIPLIST_MALFORMED',
        `the index of this arena is of kind ${kind}, not a block skip list`,
      );
    }
    return new BlockSkipList(arena, order, true);
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
    // A small entry begins one block of the arena at most; made sure of before, nothing has to be taken back after.
    const blocks = (pending + 1) * (words[this.#line + Word.Height] + 1);
    const isLeft = arena.hasLeft((blocks + this.#roomBlocks) * this.#blockShareBytes);
    if (!isLeft || bytes > this.#smallBytesMax) return this.#allocateCarefully(bytes, blocks);
    const entry = arena.allocate(bytes);
    if (entry !== NIL) words[this.#line + Word.Pending] = pending + 1;
    return entry;
  }

  /**
   * For large entries, and where little is left or it is not known how much.
   * @param blocks - each entry that waits to be inserted may split a block on every level, and make a new root
   */
  #allocateCarefully(bytes: number, blocks: number): Addr {
    const { arena } = this;
    const isSure = bytes <= this.#smallBytesMax && arena.ensure(BLOCK_SLOT_BYTES, blocks + this.#roomBlocks);
    if (!isSure) return this.#allocateExactly(bytes, blocks);
    const entry = arena.allocate(bytes);
    if (entry !== NIL) arena.memory.i32[this.#line + Word.Pending]++;
    return entry;
  }

  /** For large entries, and for the last ones that fit: the blocks are made sure of when the entry has its place. */
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
      this.#place(block, slot, node, this.#outside === 0 ? this.#head : this.#headOf(block, node));
    } else {
      // A split needs the way down as well.
      if (this.#ascending && this.order.keyStart === undefined) this.#findPathTo(block);
      else if (this.#ascending)
        this.#findPath(view, node, this.#keys.keyStart(view, node), this.#keys.keyLength(view, node), NIL);
      this.#placeAndSplit(0, block, slot, node);
      words = this.arena.memory.i32; // A run of blocks may have moved the memory.
    }
    this.#countInserted(words);
  }

  /** Keeps where an entry went, and counts it. */
  #countInserted(words: Int32Array): void {
    const line = this.#line;
    this.#lastBlock = this.#leaf;
    this.#lastSlot = this.#slot;
    words[line + Word.Count]++;
    words[line + Word.Pending]--;
  }

  /** Leaves the place where an entry belongs at the end of the path. A node is put there if that takes nothing more. */
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
    this.#ascending = false; // An order that throws must not leave a place that was never reached.
    const afterBlock = this.#lastBlock;
    const afterSlot = this.#lastSlot + 1;
    this.#findPath(bytes, at, start, length, node);
    this.#ascending = this.#leaf === afterBlock && this.#slot === afterSlot;
  }

  /** The path to a leaf, without asking the order: it may throw, or lead elsewhere than before. O(blocks) at worst. */
  #findPathTo(leaf: number): void {
    const words = this.arena.memory.i32;
    let child = leaf;
    for (let level = 1; level < this.height; level++) {
      // From the right, where entries that ascend go.
      for (let block = this.#last(level); block !== NIL; block = words[(block >> 2) + PREV]) {
        const slot = this.#addressesOf(block).indexOf(child);
        if (slot === -1) continue;
        this.#pathBlocks[level] = block;
        this.#pathSlots[level] = slot;
        child = block;
        break;
      }
    }
  }

  /** The path to where an entry comes before or after all others. */
  #findEnd(last: boolean): void {
    const words = this.arena.memory.i32;
    for (let level = this.height - 1; level > 0; level--) {
      const block = last ? this.#last(level) : this.#first(level);
      this.#pathBlocks[level] = block;
      this.#pathSlots[level] = last ? words[(block >> 2) + COUNT] - 1 : 0;
    }
    this.#leaf = last ? this.#last(0) : this.#first(0);
    this.#slot = last ? words[(this.#leaf >> 2) + COUNT] : 0;
    this.#ascending = this.#leaf === this.#lastBlock && this.#slot === this.#lastSlot + 1;
  }

  /** Makes `Prefix` right for a key that is to come: all keys share it, this one too. */
  #sharePrefix(entry: number): void {
    const words = this.arena.memory.i32;
    if (words[this.#line + Word.Count] === 0) words[this.#line + Word.Entry] = entry;
    words[this.#line + Word.Prefix] = this.#prefixBetween(words[this.#line + Word.Entry], entry);
    for (let level = this.height - 1; level >= 0; level--) {
      this.#setPrefix(this.#first(level), level);
      this.#setPrefix(this.#last(level), level);
    }
  }

  unlink(nodes: readonly Addr[], mark: Int32Array): void {
    // The blocks made since the mark go when the arena is rewound. What is left goes back into the others, evenly: they
    // held it before, so on every level there is room.
    const gone = new Set<number>(nodes);
    const words = this.arena.memory.i32;
    let left: number[] = [];
    for (const block of this.#blocksOf(this.#first(0))) {
      left.push(...this.#addressesOf(block).filter((entry) => !gone.has(entry)));
    }
    words[this.#line + Word.Count] = left.length;
    words[this.#line + Word.Entry] = left[0] ?? NIL;
    words[this.#line + Word.Prefix] = this.#prefixBetween(left[0], left.at(-1));
    for (let level = 0, height = this.height; level < height; level++) {
      const blocks = [...this.#blocksOf(this.#first(level))].filter((block) => !this.#isSince(mark, block));
      if (blocks.length === 0) break; // A new root, and there is one block below.
      blocks.forEach((block, i) => {
        const from = Math.floor((left.length * i) / blocks.length);
        const to = Math.floor((left.length * (i + 1)) / blocks.length);
        const word = block >> 2;
        words[word + NEXT] = blocks[i + 1] ?? NIL;
        words[word + PREV] = blocks[i - 1] ?? NIL;
        words[word + COUNT] = to - from;
        words[word + PREFIX] = -1; // Not computed yet.
        this.#clearSlots(word, 0);
        for (let slot = 0; slot < to - from; slot++) words[word + ADDRESSES + 2 * slot] = left[from + slot];
      });
      blocks.forEach((block) => this.#setPrefix(block, level));
      if (blocks.length === 1) {
        words[this.#line + Word.Root] = blocks[0];
        words[this.#line + Word.Height] = level + 1;
        break;
      }
      left = blocks;
    }
    this.#forgetPlace();
  }

  /**
   * Takes an entry out of the list. Its bytes stay where they are, so a cursor that stands on it can go on from there; a
   * block that gets empty is not used again. O(log n), and O(64) once for each block that gets empty.
   * @returns false when the list does not have it: nothing has changed then
   * @throws what the order throws; nothing has changed then
   */
  remove(entry: Addr): boolean {
    const { i32: words, view } = this.arena.memory;
    if (words[this.#line + Word.Count] === 0) return false;
    this.#findPath(view, entry, this.#keys.keyStart(view, entry), this.#keys.keyLength(view, entry), NIL);
    if (this.#slot >= words[(this.#leaf >> 2) + COUNT] && !this.#moveToNextLeaf()) return false;
    if (words[(this.#leaf >> 2) + ADDRESSES + 2 * this.#slot] !== entry) return false;
    words[this.#line + Word.Count]--;
    this.#takeOut(0, this.#leaf, this.#slot);
    this.#shrink();
    if (words[this.#line + Word.Entry] === entry) {
      words[this.#line + Word.Entry] = this.#entryBelow(words[this.#line + Word.Root], this.height);
    }
    return true;
  }

  /** A search for a leaf's first entry ends behind the last slot of the leaf before it: moves place and path to its slot. */
  #moveToNextLeaf(): boolean {
    const words = this.arena.memory.i32;
    const next = words[(this.#leaf >> 2) + NEXT];
    if (next === NIL) return false;
    this.#leaf = next;
    this.#slot = 0;
    for (let level = 1; level < this.height; level++) {
      const block = this.#pathBlocks[level];
      if (++this.#pathSlots[level] < words[(block >> 2) + COUNT]) break;
      this.#pathBlocks[level] = words[(block >> 2) + NEXT];
      this.#pathSlots[level] = 0;
    }
    return true;
  }

  /** Takes a slot out of a block that the path leads to. */
  #takeOut(level: number, block: number, slot: number): void {
    const { i32: words, f64: pairs } = this.arena.memory;
    const word = block >> 2;
    const count = words[word + COUNT] - 1;
    const first = (word + HEADS) >> 1;
    for (let i = first + slot; i < first + count; i++) pairs[i] = pairs[i + 1];
    words[word + HEADS + 2 * count] = UNUSED;
    words[word + ADDRESSES + 2 * count] = NIL;
    words[word + COUNT] = count;
    this.#setPilots(word, slot >> 3);
    if (level === 0 && block === this.#lastBlock && slot <= this.#lastSlot && --this.#lastSlot < 0) this.#forgetPlace();
    if (count === 0) this.#takeOutBlock(level, block);
    else if (slot === 0) this.#firstHasLeft(level, block);
  }

  /** The block has another first entry: its head above follows, and so does the prefix of the block before. */
  #firstHasLeft(level: number, block: number): void {
    const words = this.arena.memory.i32;
    const before = words[(block >> 2) + PREV];
    if (before === NIL) {
      this.#openFirst(level, block);
      return;
    }
    this.#setPrefix(before, level);
    if (level + 1 === this.height) return;
    const above = this.#pathBlocks[level + 1];
    const slot = this.#pathSlots[level + 1];
    words[(above >> 2) + HEADS + 2 * slot] = this.#headOf(above, this.#entryBelow(block, level + 1));
    this.#setPilots(above >> 2, slot >> 3);
    if (slot === 0) this.#firstHasLeft(level + 1, above);
  }

  /** Unlinks an empty block from its level, unless it is the sole one. */
  #takeOutBlock(level: number, block: number): void {
    const words = this.arena.memory.i32;
    const before = words[(block >> 2) + PREV];
    const after = words[(block >> 2) + NEXT];
    if (before === NIL && after === NIL) {
      // Only the last leaf can be alone and empty: the list is as it was made.
      words[this.#line + Word.Root] = block;
      words[this.#line + Word.Height] = 1;
      words[this.#line + Word.Prefix] = 0;
      words[(block >> 2) + PREFIX] = 0;
      this.#forgetPlace();
      return;
    }
    if (block === this.#lastBlock) this.#forgetPlace();
    if (before !== NIL) words[(before >> 2) + NEXT] = after;
    if (after !== NIL) words[(after >> 2) + PREV] = before;
    this.#takeOut(level + 1, this.#pathBlocks[level + 1], this.#pathSlots[level + 1]);
    if (before !== NIL) this.#setPrefix(before, level);
    else {
      this.#setPrefix(after, level);
      this.#openFirst(level, after);
    }
  }

  /** Makes the first slot of a level's first block stand for whatever is smaller than the second. */
  #openFirst(level: number, block: number): void {
    if (level === 0) return;
    this.arena.memory.i32[(block >> 2) + HEADS] = LOWEST;
    this.#setPilots(block >> 2, 0);
  }

  /** Gives up levels on which one block lists one other. */
  #shrink(): void {
    const words = this.arena.memory.i32;
    while (this.height > 1 && words[(this.root >> 2) + COUNT] === 1) {
      words[this.#line + Word.Root] = words[(this.root >> 2) + ADDRESSES];
      words[this.#line + Word.Height]--;
    }
  }

  seek(bytes: DataView, at: number): Addr {
    const start = this.#keys.keyStart(bytes, at);
    const length = this.#keys.keyLength(bytes, at);
    const outside = this.#isOutside(bytes, at, start, length);
    if (outside > 0) return NIL;
    const words = this.arena.memory.i32;
    if (outside === 0) this.#findPath(bytes, at, start, length, NIL);
    const block = outside < 0 ? this.#first(0) : this.#leaf;
    const slot = outside < 0 ? 0 : this.#slot;
    if (slot < words[(block >> 2) + COUNT]) return words[(block >> 2) + ADDRESSES + 2 * slot] as Addr;
    const next = words[(block >> 2) + NEXT];
    return next === NIL ? NIL : (words[(next >> 2) + ADDRESSES] as Addr);
  }

  cursor(): BlockCursor {
    return new BlockCursor(this);
  }

  [INSPECT](): object {
    return show(this, () => {
      const { entryCount, height } = this;
      return this.arena.dropped ? { dropped: true } : { entryCount, height };
    });
  }

  /** @internal The one block of the highest level. */
  get root(): Addr {
    return this.arena.memory.i32[this.#line + Word.Root] as Addr;
  }

  /** @internal Where the blocks of a run lie that are not in use yet, if there are any. */
  get spare(): { address: number; bytes: number } {
    const words = this.arena.memory.i32;
    return { address: words[this.#line + Word.Spare], bytes: words[this.#line + Word.SpareCount] * BLOCK_BYTES };
  }

  /** @internal What a block holds. Nothing is checked: it is how `inspect` looks at bytes that may be damaged. */
  readBlock(address: number, level: number): IndexBlock {
    const words = this.arena.memory.i32;
    const word = address >> 2;
    const addresses = this.#addressesOf(address);
    return {
      address,
      bytes: BLOCK_BYTES,
      level,
      next: words[word + NEXT],
      previous: words[word + PREV],
      slotCount: words[word + COUNT],
      slotMax: SLOTS,
      prefixBytes: words[word + PREFIX],
      entries: Int32Array.from(addresses, (each) => this.#entryBelow(each, level)),
      heads: Int32Array.from(addresses, (_, slot) => words[word + HEADS + 2 * slot]),
      children: Int32Array.from(level === 0 ? [] : addresses),
    };
  }

  /** @internal The way of a seek, root first, a step whenever a block has been searched. Empty when the key is outside of all. */
  *path(bytes: DataView, at: number): Generator<{ level: number; block: number; slot: number; head: number }> {
    const start = this.#keys.keyStart(bytes, at);
    const length = this.#keys.keyLength(bytes, at);
    if (this.#isOutside(bytes, at, start, length) !== 0) return;
    const words = this.arena.memory.i32;
    let block: number = this.root;
    for (let level = this.height - 1; level >= 0; level--) {
      const word = block >> 2;
      const head = headAt(bytes, start + words[word + PREFIX], length - words[word + PREFIX]);
      let slot = level > 0 ? 1 : 0;
      while (slot < words[word + COUNT] && words[word + HEADS + 2 * slot] < head) slot++;
      if (slot < words[word + COUNT] && words[word + HEADS + 2 * slot] === head) {
        slot = this.#searchEqual(words, word, level, slot, head, bytes, at);
      }
      if (level > 0) slot--;
      yield { level, block, slot, head };
      block = words[word + ADDRESSES + 2 * slot];
    }
  }

  /** @internal Leaves the place of the first entry not before `at` in `place`: block and slot, or NIL. */
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
   * @internal Leaves the place of an entry in `place`, as {@link BlockSkipList.locate}. An order without heads may
   * contradict itself, so that a search ends elsewhere; the entry is looked for along level 0 then.
   */
  locateEntry(entry: number, place: Int32Array): void {
    const { i32: words, view } = this.arena.memory;
    this.locate(view, entry, place);
    if (this.order.keyStart !== undefined) return;
    if (place[0] !== NIL && words[(place[0] >> 2) + ADDRESSES + 2 * place[1]] === entry) return;
    for (const block of this.#blocksOf(this.#first(0))) {
      const slot = this.#addressesOf(block).indexOf(entry);
      if (slot === -1) continue;
      place[0] = block;
      place[1] = slot;
      return;
    }
  }

  /** @internal Leaves the place of the first or the last entry in `place`. */
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
   * @internal Touches the entries in slots of a leaf, from `from` to before `to`: they lie all over the memory, and whoever is
   * going to read them would wait for each. Asked for together they are waited for together. What is touched are both ends
   * of the first 32 bytes, which may be in two cache lines.
   */
  touchEntries(block: number, from: number, to: number): void {
    const words = this.arena.memory.i32;
    const first = (block >> 2) + ADDRESSES;
    let touched = 0;
    for (let slot = from; slot < to; slot++) {
      // An unused slot has 0, where the superblock is; what lies beyond the memory is undefined and counts as 0.
      const word = words[first + 2 * slot] >> 2;
      touched |= words[word] | words[word + 7];
    }
    this.touched = touched & 1;
  }

  /** Touches the entries of a leaf where their keys begin. */
  #touchKeys(words: Int32Array, word: number): void {
    let touched = 0;
    for (let i = word + ADDRESSES, end = i + 2 * words[word + COUNT]; i < end; i += 2) touched |= words[words[i] >> 2];
    this.touched = touched & 1;
  }

  /** Touches all lines of a block, in place of waiting for that of the pilots, for a group's, and for those that a new slot moves. */
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

  verify(): void {
    const { i32: words, view, usedBytes } = this.arena.memory;
    let below: number[] | undefined;
    const some: number = words[this.#line + Word.Entry];
    let isSomeThere = some === NIL && this.entryCount === 0;
    for (let level = 0; level < this.height; level++) {
      const blocks: number[] = [];
      let previous: number = NIL;
      let before: number = NIL;
      for (let block = this.#first(level); block !== NIL; block = words[(block >> 2) + NEXT]) {
        if (block % 4 !== 0 || block < 0 || block + BLOCK_BYTES > usedBytes) malformed(`B2: a block at ${block}`);
        const word = block >> 2;
        const count = words[word + COUNT];
        const alone = previous === NIL && words[word + NEXT] === NIL;
        if (count < (alone && level === 0 ? 0 : 1) || count > SLOTS)
          malformed(`B2: ${count} slots in the block at ${block}`);
        if (words[word + PREV] !== previous) malformed(`B2: the block at ${block} does not point back to ${previous}`);
        for (let slot = count; slot < SLOTS; slot++) {
          if (words[word + HEADS + 2 * slot] !== UNUSED) malformed(`B7: unused slot ${slot} of the block at ${block}`);
        }
        for (let slot = 0; slot < count; slot++) {
          const address = words[word + ADDRESSES + 2 * slot];
          const expected = below === undefined ? address : below.shift();
          if (address !== expected)
            malformed(`B3: ${address} in slot ${slot} of the block at ${block}, not ${expected}`);
          if (address <= 0 || address >= usedBytes)
            malformed(`B1: ${address} in slot ${slot} of the block at ${block}`);
          const entry = this.#entryBelow(address, level);
          if (before !== NIL && !(this.order.compare(view, before, view, entry) < 0)) {
            malformed(`B1: the entry at ${entry} does not come after the one at ${before}`);
          }
          if (level === 0 && this.order.keyStart === undefined) this.#verifyOrder(before, entry);
          before = entry;
          isSomeThere ||= level === 0 && entry === some;
          const head = level > 0 && previous === NIL && slot === 0 ? LOWEST : this.#headOf(block, entry);
          if (words[word + HEADS + 2 * slot] !== head) malformed(`B4: a head in slot ${slot} of the block at ${block}`);
          if (slot % GROUP === 0 && words[word + PILOTS + slot / GROUP] !== head) {
            malformed(`B7: the pilot of slot ${slot} of the block at ${block}`);
          }
        }
        blocks.push(block);
        if (blocks.length > usedBytes / BLOCK_BYTES) malformed(`B2: the blocks of level ${level} run in a ring`);
        previous = block;
      }
      if (below !== undefined && below.length > 0)
        malformed(`B3: ${below.length} blocks are not listed on level ${level}`);
      for (const block of blocks) {
        const prefix = this.#prefixOf(block, level);
        const found = words[(block >> 2) + PREFIX];
        if (found > prefix) malformed(`B4: prefix ${found} of ${prefix} at ${block}`);
      }
      if (level === 0) {
        const count = blocks.reduce((sum, block) => sum + words[(block >> 2) + COUNT], 0);
        if (count !== this.entryCount) malformed(`B1: ${count} entries on level 0, ${this.entryCount} counted`);
      }
      below = blocks;
    }
    const { address, bytes } = this.spare;
    if (bytes < 0 || address + bytes > usedBytes) malformed(`B6: ${bytes} bytes of spare blocks at ${address}`);
    if (!isSomeThere) malformed(`B5: no entry at ${some}`);
    if (below?.length !== 1) malformed(`B3: ${below?.length ?? 0} blocks on the highest level`);
    if (this.order.keyStart === undefined) this.#verifySearches();
  }

  /** When the structure is known to be sound: a search follows it. */
  #verifySearches(): void {
    for (const block of this.#blocksOf(this.#first(0))) {
      for (const entry of this.#addressesOf(block)) {
        const found = this.seek(this.arena.memory.view, entry);
        if (found !== entry) {
          malformed(`B8: a search for the entry at ${entry} ends at ${found}: the order contradicts itself`);
        }
      }
    }
  }

  #verifyOrder(before: number, entry: number): void {
    const { view } = this.arena.memory;
    if (before !== NIL && !(this.order.compare(view, entry, view, before) > 0)) {
      malformed(`B8: the order contradicts itself about the entries at ${before} and ${entry}`);
    }
  }

  /** Below 0 or above 0 when the entry comes before or after all, as it does not share their prefix; else 0. */
  #isOutside(bytes: DataView, at: number, start: number, length: number): number {
    const { i32: words, view } = this.arena.memory;
    const prefix = words[this.#line + Word.Prefix];
    if (prefix === 0) return 0;
    const some = words[this.#line + Word.Entry];
    const isInside = length >= prefix && common(bytes, start, view, this.#keys.keyStart(view, some), prefix) === prefix;
    return isInside ? 0 : this.order.compare(bytes, at, view, some);
  }

  /**
   * The way to the first entry that is not before the one at `at`, from the root to a leaf.
   *
   * It counts how many pilots, and then how many heads of a group, are below, in the half that the middle one leaves: no branch
   * to guess wrong, a third faster than a binary search. Unused slots count for nothing, as their heads are the highest
   * there is. A `node` is put into the leaf that it belongs to, if that has room and no equal one.
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
      // Above level 0 whatever comes before slot 1 belongs to slot 0.
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
   * The same among slots from `low` on, of which the first has the same head: their entries have to be asked. What the key
   * has in common with the entries on both sides of the search, it has with all between: that is not compared again.
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
    // Heads are seldom equal for long, so that the last of them is felt for from here, in ever longer steps.
    let high = low + 1;
    for (let step = 1; high < count && words[word + HEADS + 2 * high] === head; step *= 2) high += step;
    if (high > count) high = count;
    let commonLow = words[word + PREFIX];
    let commonHigh = commonLow;
    // The first one first: a new version of a key comes before all others, and whoever looks for the newest does.
    let middle = low;
    while (low < high) {
      if (words[word + HEADS + 2 * middle] > head) high = middle;
      else {
        const entry = this.#entryBelow(words[word + ADDRESSES + 2 * middle], level);
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

  /** Whether an entry belongs right after the one inserted last. */
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

  /** Puts an address into a slot of a block that has room. */
  #place(block: number, slot: number, address: number, head: number): void {
    const { i32: words, f64: pairs } = this.arena.memory;
    const word = block >> 2;
    const count = words[word + COUNT];
    const first = (word + HEADS) >> 1;
    // A loop: `copyWithin` takes longer to begin than this takes.
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

  /** Leaves the slots from `from` on unused. */
  #clearSlots(word: number, from: number): void {
    const words = this.arena.memory.i32;
    for (let slot = from; slot < SLOTS; slot++) {
      words[word + HEADS + 2 * slot] = UNUSED;
      words[word + ADDRESSES + 2 * slot] = NIL;
    }
  }

  /**
   * Puts an address into a full block: its upper half moves to a new right neighbour, which goes one level up. While
   * entries ascend, only what comes after them moves, so that they fill their block. Leaves the place on this level in
   * the path.
   */
  #placeAndSplit(level: number, block: number, slot: number, address: number): void {
    const right = this.#makeBlock();
    const { i32: words, f64: pairs } = this.arena.memory;
    const from = block >> 2;
    const to = right >> 2;
    const cut = this.#ascending && slot > SLOTS / 2 ? slot : SLOTS / 2;
    for (let slot = cut; slot < SLOTS; slot++) {
      pairs[((to + HEADS) >> 1) + slot - cut] = pairs[((from + HEADS) >> 1) + slot];
    }
    this.#clearSlots(from, cut);
    words[from + COUNT] = cut;
    words[to + COUNT] = SLOTS - cut;
    words[to + PREFIX] = words[from + PREFIX];
    this.#setPilots(from, 0);
    this.#setPilots(to, 0);
    const next = words[from + NEXT];
    words[to + NEXT] = next;
    words[to + PREV] = block;
    words[from + NEXT] = right;
    if (next !== NIL) words[(next >> 2) + PREV] = right;

    // Into the left half when it belongs at its end, unless the right one would stay empty.
    const goesRight = slot > cut || cut === SLOTS;
    const home = goesRight ? right : block;
    const place = goesRight ? slot - cut : slot;
    this.#place(home, place, address, this.#headOf(home, this.#entryBelow(address, level)));
    this.#setPrefix(block, level);
    this.#setPrefix(right, level);
    this.#promote(level + 1, right);
    if (level === 0) {
      this.#leaf = home;
      this.#slot = place;
    }
  }

  /** Lists a new block on the level above it. */
  #promote(level: number, child: number): void {
    const entry = this.#entryBelow(child, level);
    if (level === this.height) {
      const root = this.#makeBlock();
      const words = this.arena.memory.i32;
      this.#place(root, 0, words[this.#line + Word.Root], LOWEST);
      this.#place(root, 1, child, this.#headOf(root, entry));
      words[this.#line + Word.Root] = root;
      words[this.#line + Word.Height] = level + 1;
      return;
    }
    const block = this.#pathBlocks[level];
    const slot = this.#pathSlots[level] + 1;
    if (this.arena.memory.i32[(block >> 2) + COUNT] < SLOTS)
      this.#place(block, slot, child, this.#headOf(block, entry));
    else this.#placeAndSplit(level, block, slot, child);
  }

  /** Sets the prefix that B4 allows, and all heads, if it has changed. */
  #setPrefix(block: number, level: number): void {
    const { i32: words, view } = this.arena.memory;
    const word = block >> 2;
    const prefix = this.#prefixOf(block, level);
    if (words[word + PREFIX] === prefix) return;
    words[word + PREFIX] = prefix;
    if (level === 0) this.#touchKeys(words, word);
    for (let slot = 0; slot < words[word + COUNT]; slot++) {
      const entry = this.#entryBelow(words[word + ADDRESSES + 2 * slot], level);
      words[word + HEADS + 2 * slot] = this.#headIn(view, entry, prefix);
    }
    if (level > 0 && words[word + PREV] === NIL) words[word + HEADS] = LOWEST;
    this.#setPilots(word, 0);
  }

  #prefixBetween(first: number, last: number | undefined): number {
    const { view } = this.arena.memory;
    if (last === undefined) return 0;
    const keys = this.#keys;
    const length = Math.min(keys.keyLength(view, first), keys.keyLength(view, last));
    return common(view, keys.keyStart(view, first), view, keys.keyStart(view, last), length);
  }

  #prefixOf(block: number, level: number): number {
    const words = this.arena.memory.i32;
    const next = words[(block >> 2) + NEXT];
    if (next === NIL || words[(block >> 2) + PREV] === NIL) return words[this.#line + Word.Prefix];
    return this.#prefixBetween(this.#entryBelow(block, level + 1), this.#entryBelow(next, level + 1));
  }

  #headOf(block: number, entry: number): number {
    const { i32: words, view } = this.arena.memory;
    return this.#headIn(view, entry, words[(block >> 2) + PREFIX]);
  }

  #headIn(view: DataView, entry: number, prefix: number): number {
    const keys = this.#keys;
    return headAt(view, keys.keyStart(view, entry) + prefix, keys.keyLength(view, entry) - prefix);
  }

  /** A block with nothing in it, promised by `allocate()`. May move the memory. */
  #makeBlock(): number {
    if (this.arena.memory.i32[this.#line + Word.SpareCount] === 0) this.#takeRun();
    const words = this.arena.memory.i32;
    const block = words[this.#line + Word.Spare];
    words[this.#line + Word.Spare] = block + BLOCK_BYTES;
    words[this.#line + Word.SpareCount]--;
    const word = block >> 2;
    for (let i = 0; i < PILOTS; i++) words[word + i] = 0;
    this.#clearSlots(word, 0);
    this.#setPilots(word, 0);
    words[word + PREFIX] = words[this.#line + Word.Prefix];
    return block;
  }

  /** Takes blocks from the arena: a run if there is room for one, else the one that was promised. */
  #takeRun(): void {
    const { arena } = this;
    let count = Math.min(RUN_BLOCKS_MAX, 1 + Math.floor(this.entryCount / ENTRIES_PER_RUN_BLOCK));
    if (!arena.ensure(count * BLOCK_BYTES + CACHE_LINE_BYTES, 1)) count = 1;
    const first = arena.allocateAligned(count * BLOCK_BYTES, CACHE_LINE_BYTES);
    const words = arena.memory.i32;
    words[this.#line + Word.Spare] = first;
    words[this.#line + Word.SpareCount] = count;
  }

  /** Whether a block was made after the mark; it may be one that was spare then. */
  #isSince(mark: Int32Array, block: number): boolean {
    const line = this.arena.markOf(this.#line);
    const spare = mark[line + Word.Spare];
    const spareEnd = spare + mark[line + Word.SpareCount] * BLOCK_BYTES;
    return (block >= spare && block < spareEnd) || this.arena.isSince(mark, block);
  }

  /** The entry that an address in a slot of a level stands for: itself, or the first one below that block. */
  #entryBelow(address: number, level: number): number {
    const words = this.arena.memory.i32;
    for (; level > 0; level--) address = words[(address >> 2) + ADDRESSES];
    return address;
  }

  /** The first block of a level. */
  #first(level: number): number {
    const words = this.arena.memory.i32;
    return this.#entryBelow(words[this.#line + Word.Root], words[this.#line + Word.Height] - 1 - level);
  }

  /** The last block of a level. */
  #last(level: number): number {
    const words = this.arena.memory.i32;
    let block = words[this.#line + Word.Root];
    for (let above = this.height - 1; above > level; above--) {
      block = words[(block >> 2) + ADDRESSES + 2 * (words[(block >> 2) + COUNT] - 1)];
    }
    return block;
  }

  #addressesOf(block: number): number[] {
    const words = this.arena.memory.i32;
    const first = (block >> 2) + ADDRESSES;
    return Array.from({ length: Math.min(words[(block >> 2) + COUNT], SLOTS) }, (_, slot) => words[first + 2 * slot]);
  }

  *#blocksOf(first: number): Generator<number> {
    for (let block = first; block !== NIL; block = this.arena.memory.i32[(block >> 2) + NEXT]) yield block;
  }
}

/**
 * A place in a {@link BlockSkipList}. Steps are O(1), both ways.
 *
 * A scan looks ahead: it touches the entries that come next. How many begins with a group and doubles up to a block, so that a
 * short range pays for little that it does not visit.
 */
export class BlockCursor implements IndexCursor {
  readonly #list: BlockSkipList;
  // Inserts may have moved the entry since, to another slot or block.
  #block: number = NIL;
  #slot = 0;
  #entry: Addr = NIL;
  readonly #found = new Int32Array(2);
  // Slots of the block whose entries have been touched.
  #aheadFrom = 0;
  #aheadTo = 0;
  /** How many are touched next. */
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

  /** Leaves an entry that has been removed for the one after it, or before it; stays on one that is there. */
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
   * An entry that is not in its slot any more is found by a search for itself. One that has been removed has its bytes still,
   * and what the search finds is the entry after it.
   */
  #findEntry(): void {
    this.#list.locateEntry(this.#entry, this.#found);
    this.#goToFound();
  }

  #goToFound(): void {
    const block = this.#found[0];
    const slot = this.#found[1];
    this.#enter(block, slot);
    this.#window = GROUP;
    this.#slot = slot;
    this.#entry = block === NIL ? NIL : (this.#list.arena.memory.i32[(block >> 2) + ADDRESSES + 2 * slot] as Addr);
  }
}

function malformed(message: string): never {
  throw new SkipListError('SKIPLIST_MALFORMED', message);
}
