import { type Addr, NIL } from './addr.js';
import { ArenaError } from './errors.js';
import { INSPECT, show } from './show.js';
import { Line, LINE_WORDS, MAGIC, MemoryWord, SUPERBLOCK_BYTES, Tenant } from './superblock.js';

/**
 * Addresses stay below 2^31, and below the words with which a NaN begins: an address may be one half of a pair of words
 * that is moved as one double, and engines are free to change the bits of a NaN.
 */
export const MEMORY_BYTES_MAX = 0x7ff00000;

const RESERVE_BYTES = 64 * 1024;
const MAGIC_WORD = Line.Memory * LINE_WORDS + MemoryWord.Magic;
const TOP = Line.Memory * LINE_WORDS + MemoryWord.Top;
const TENANT = Line.Memory * LINE_WORDS + MemoryWord.Tenant;

export interface MemoryOptions {
  /**
   * Size of the buffer made at the start, in bytes, from 4096 to 2^31 - 2^20. Pages that are never touched cost
   * nothing, so be generous where the final size is known: growing copies (57 ms at 256 MiB).
   * @defaultValue 65536
   */
  reserveBytes?: number;
  /**
   * The buffer never grows beyond this, in bytes, from `reserveBytes` to 2^31 - 2^20.
   * @defaultValue 2^31 - 2^20, or `reserveBytes` for a shared memory
   */
  maxBytes?: number;
  /**
   * Use a `SharedArrayBuffer`, which other threads can read. Its length is fixed.
   * @defaultValue false
   */
  shared?: boolean;
}

/**
 * The bytes under an arena: one fixed-length buffer, and the views through which everybody reads and writes it.
 *
 * The length is fixed because that is what V8 is fast at (a resizable buffer was 10-45 % slower, a growable shared
 * one five times). A private memory that runs out moves into a buffer of twice the length; **re-read the views after
 * anything that may allocate**. Old views read as empty from then on, so a stale one cannot corrupt anything.
 */
export class Memory {
  /** The buffer itself; not a copy. It is replaced when a private memory grows. Asking `u8` for it would take 160 ns. */
  buffer!: ArrayBufferLike;
  /** The bytes. Length 0 once dropped. */
  u8!: Uint8Array;
  /** The same bytes as signed words; addresses are read and written here. */
  i32!: Int32Array;
  /** The same bytes as unsigned words. */
  u32!: Uint32Array;
  /** The same bytes as pairs of words, to be moved and nothing else. */
  f64!: Float64Array;
  /** The same bytes for words at any address; comparing keys four bytes at a time is twice as fast as one by one. */
  view!: DataView;
  readonly maxBytes: number;
  readonly shared: boolean;

  /** Over bytes that are a memory already; {@link Memory.create} makes fresh ones, {@link Memory.attach} checks. */
  private constructor(buffer: ArrayBuffer | SharedArrayBuffer, shared: boolean, maxBytes: number) {
    this.shared = shared;
    this.maxBytes = maxBytes;
    this.#setBuffer(buffer);
  }

  /** What an arena over a source has after `drop()`, while the source's memory lives on. */
  static readonly none = new Memory(new ArrayBuffer(0), false, 0);

  /**
   * A fresh memory.
   * @param tenant - who will share it out
   * @throws ArenaError `ARENA_INVALID_OPTION`, `ARENA_OUT_OF_MEMORY`
   */
  static create(options: MemoryOptions = {}, tenant: Tenant = Tenant.Arena): Memory {
    const { reserveBytes = RESERVE_BYTES, shared = false } = options;
    const maxBytes = options.maxBytes ?? (shared ? reserveBytes : MEMORY_BYTES_MAX);
    checkOption('reserveBytes', reserveBytes, 4096, MEMORY_BYTES_MAX);
    checkOption('maxBytes', maxBytes, reserveBytes, MEMORY_BYTES_MAX);
    if (shared && maxBytes !== reserveBytes) {
      throw new ArenaError(
        'ARENA_INVALID_OPTION',
        `a shared memory has a fixed length: maxBytes is ${maxBytes}, reserveBytes ${reserveBytes}`,
      );
    }
    const memory = new Memory(makeBuffer(Math.ceil(reserveBytes / 8) * 8, shared), shared, maxBytes);
    memory.i32[MAGIC_WORD] = MAGIC;
    memory.i32[TOP] = SUPERBLOCK_BYTES;
    memory.i32[TENANT] = tenant;
    return memory;
  }

  /**
   * A memory over bytes that another one wrote: the very buffer, or a copy of it.
   *
   * Whoever attaches to a `SharedArrayBuffer` may do so beside a thread that allocates. Then `attach`, here and in every
   * class over a memory, checks only what never changes, and `verify()` is for when nobody writes.
   * @throws ArenaError `ARENA_MALFORMED` when they are not a memory of that tenant, or are cut short
   */
  static attach(buffer: ArrayBuffer | SharedArrayBuffer, tenant: Tenant = Tenant.Arena): Memory {
    const shared = typeof SharedArrayBuffer !== 'undefined' && buffer instanceof SharedArrayBuffer;
    if (!shared && !(buffer instanceof ArrayBuffer)) {
      throw new TypeError('attach() takes an ArrayBuffer or a SharedArrayBuffer');
    }
    if (buffer.byteLength < SUPERBLOCK_BYTES) {
      throw new ArenaError(
        'ARENA_MALFORMED',
        `${buffer.byteLength} bytes cannot hold a superblock of ${SUPERBLOCK_BYTES} bytes`,
      );
    }
    const memory = new Memory(buffer, shared, shared ? buffer.byteLength : MEMORY_BYTES_MAX);
    const magic = memory.u32[MAGIC_WORD];
    if (magic !== MAGIC) {
      throw new ArenaError(
        'ARENA_MALFORMED',
        `no memory of this version: it starts with 0x${magic.toString(16).padStart(8, '0')}, not 0x${MAGIC.toString(16)}`,
      );
    }
    if (memory.i32[TENANT] !== tenant) {
      throw new ArenaError('ARENA_MALFORMED', `tenant ${memory.i32[TENANT]} shares this memory out, not ${tenant}`);
    }
    const top = memory.u32[TOP];
    if (top < SUPERBLOCK_BYTES || top > buffer.byteLength) {
      throw new ArenaError(
        'ARENA_MALFORMED',
        `the superblock says ${top} bytes are in use, the buffer has ${buffer.byteLength}: it is cut short or damaged`,
      );
    }
    return memory;
  }

  /** Length of the buffer in bytes, touched or not. */
  get capacityBytes(): number {
    return this.u8.length;
  }

  /** Bytes from the start of the buffer to the end of the last block; what a dump has to hold. 0 once dropped. */
  get usedBytes(): number {
    return this.i32[TOP] ?? 0;
  }

  get dropped(): boolean {
    return this.u8.length === 0;
  }

  /**
   * Hands out the next `bytes` bytes, at a multiple of 8.
   * @returns NIL when they do not fit and the memory may not grow; nothing has changed then
   */
  take(bytes: number): Addr {
    const start = (this.i32[TOP] + 7) & ~7;
    const end = start + bytes;
    if (end > this.u8.length && !this.#grow(end)) return NIL;
    this.i32[TOP] = end;
    return start as Addr;
  }

  /** Makes sure that taking `bytes` more bytes cannot fail, by growing now. False when that is not possible. */
  ensure(bytes: number): boolean {
    const end = ((this.i32[TOP] + 7) & ~7) + bytes; // Where `take` begins.
    return end <= this.u8.length || this.#grow(end);
  }

  /** Whether so many bytes are left behind the last block: {@link Memory.ensure} need not grow for them. */
  hasLeft(bytes: number): boolean {
    return this.i32[TOP] + bytes <= this.u8.length;
  }

  /** Takes back everything from `top` on, in O(1). The bytes keep their content. */
  cutBack(top: number): void {
    this.i32[TOP] = top;
  }

  /** Takes everything back, in O(1); all of the superblock but what the memory itself needs is 0 again. */
  clear(): void {
    this.i32.fill(0, TENANT + 1, SUPERBLOCK_BYTES / 4);
    this.i32[TOP] = SUPERBLOCK_BYTES;
  }

  /** Overwrites bytes that were given back, in the checked build, so that whoever still reads them sees it. */
  poison(start: number, end: number): void {
    this.u8.fill(0xcc, start, end);
  }

  /**
   * Gives the buffer back to the system at once, without waiting for the garbage collector, and leaves every view of
   * it empty. A shared buffer goes when the last thread lets go of it. Calling it again does nothing.
   */
  drop(): void {
    if (!this.shared) release(this.buffer as ArrayBuffer);
    this.#setBuffer(new ArrayBuffer(0));
  }

  [INSPECT](): object {
    return show(this, () => {
      if (this.dropped) return { dropped: true };
      const { usedBytes, capacityBytes, maxBytes, shared } = this;
      return { usedBytes, capacityBytes, maxBytes, shared };
    });
  }

  #setBuffer(buffer: ArrayBuffer | SharedArrayBuffer): void {
    const words = Math.floor(buffer.byteLength / 4);
    this.buffer = buffer;
    this.u8 = new Uint8Array(buffer);
    this.i32 = new Int32Array(buffer, 0, words);
    this.u32 = new Uint32Array(buffer, 0, words);
    this.f64 = new Float64Array(buffer, 0, words >> 1);
    this.view = new DataView(buffer);
  }

  #grow(bytes: number): boolean {
    if (bytes > this.maxBytes || this.shared) return false;
    const wanted = Math.min(this.maxBytes, Math.max(this.u8.length * 2, bytes));
    let grown: ArrayBuffer;
    try {
      grown = new ArrayBuffer(Math.ceil(wanted / 8) * 8);
    } catch {
      return false; // The system has no such buffer left: for the caller that is a full memory like any other.
    }
    const old = this.buffer as ArrayBuffer;
    new Uint8Array(grown).set(this.u8.subarray(0, this.i32[TOP]));
    this.#setBuffer(grown);
    release(old);
    return true;
  }
}

/** @throws ArenaError `ARENA_OUT_OF_MEMORY` */
function makeBuffer(bytes: number, shared: boolean): ArrayBuffer | SharedArrayBuffer {
  try {
    return shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
  } catch (cause) {
    throw new ArenaError(
      'ARENA_OUT_OF_MEMORY',
      `the system has no ${shared ? 'shared ' : ''}buffer of ${bytes} bytes`,
      {
        cause,
      },
    );
  }
}

function checkOption(name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new ArenaError('ARENA_INVALID_OPTION', `${name} must be a whole number from ${min} to ${max}: ${value}`);
  }
}

/**
 * Detaches a buffer and frees it at once. Newer engines have `transfer`; elsewhere the buffer is posted to a port that
 * has been closed, which takes it over and discards it on the spot. Measured on Node 20: 256 MiB filled, resident
 * memory 313 -> 44 MB when the call returns. (`structuredClone` with a transfer list leaves it to the collector.)
 */
function release(buffer: ArrayBuffer & { transfer?: (bytes: number) => ArrayBuffer }): void {
  if (buffer.transfer !== undefined) buffer.transfer(0);
  else closedPort().postMessage(buffer, [buffer]);
}

let port: MessagePort | undefined;

function closedPort(): MessagePort {
  if (port === undefined) {
    port = new MessageChannel().port1;
    port.close();
  }
  return port;
}
