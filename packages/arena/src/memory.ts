import { type Addr, NIL } from './addr.js';
import { ArenaError, invalidOption, malformed } from './errors.js';
import { INSPECT, printed, show } from './show.js';
import { Line, LINE_WORDS, MAGIC, MemoryWord, SUPERBLOCK_BYTES, Tenant } from './superblock.js';

/**
 * Upper bound on a memory: addresses stay below 2^31, and below the words with which a NaN begins. An address may be
 * the high word of a pair that is moved as one double, and an engine may change the bits of a NaN.
 */
export const MEMORY_BYTES_MAX = 0x7ff00000;

const RESERVE_BYTES = 64 * 1024;
const MAGIC_WORD = Line.Memory * LINE_WORDS + MemoryWord.Magic;
const TOP = Line.Memory * LINE_WORDS + MemoryWord.Top;
const TENANT = Line.Memory * LINE_WORDS + MemoryWord.Tenant;

/** Options of a {@link Memory}. */
export interface MemoryOptions {
  /**
   * Size of the first buffer in bytes, from 4096 to 2^31 - 2^20. Be generous if you know the final size: growing copies
   * everything, while pages that are never touched cost nothing.
   * @defaultValue 65536
   */
  reserveBytes?: number;
  /**
   * Upper bound on the buffer in bytes, from `reserveBytes` to 2^31 - 2^20.
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
 * The bytes under an allocator: one buffer of fixed length, and the views through which everything reads and writes it.
 *
 * The length is fixed because V8 is slower on resizable buffers, and much slower on growable shared ones. A private
 * memory that runs out moves into a buffer of twice the length: **re-read the views after anything that may allocate**.
 * Old views are empty from then on, so a stale one cannot corrupt anything.
 */
export class Memory {
  /** The buffer itself, not a copy. A private memory replaces it when it grows. V8 is slow to ask a view for it. */
  buffer!: ArrayBufferLike;
  /** The bytes. Length 0 once dropped. */
  u8!: Uint8Array;
  /** The same bytes as signed words, for addresses. */
  i32!: Int32Array;
  /** The same bytes as unsigned words. */
  u32!: Uint32Array;
  /** The same bytes as pairs of words, only to be moved. */
  f64!: Float64Array;
  /** The same bytes as words at any address. Keys are compared four bytes at a time with it. */
  view!: DataView;
  readonly maxBytes: number;
  readonly shared: boolean;
  /** Why the memory could not grow, if the system had no buffer for it: `ARENA_OUT_OF_MEMORY`. Else undefined. */
  refusal: ArenaError | undefined = undefined;

  /** Over bytes that are a memory. {@link Memory.create} makes fresh ones, {@link Memory.attach} checks them. */
  private constructor(buffer: ArrayBuffer | SharedArrayBuffer, shared: boolean, maxBytes: number) {
    this.shared = shared;
    this.maxBytes = maxBytes;
    this.#setBuffer(buffer);
  }

  /** The memory of an arena over a source after `drop()`, while the source's memory lives on. */
  static readonly none = new Memory(new ArrayBuffer(0), false, 0);

  /**
   * A fresh memory.
   * @param tenant - the allocator that shares it out
   * @throws ArenaError `ARENA_INVALID_OPTION`, `ARENA_OUT_OF_MEMORY`
   */
  static create(options: MemoryOptions = {}, tenant: Tenant = Tenant.Arena): Memory {
    const { reserveBytes = RESERVE_BYTES, shared = false } = options;
    const maxBytes = options.maxBytes ?? (shared ? reserveBytes : MEMORY_BYTES_MAX);
    checkOption('reserveBytes', reserveBytes, 4096, MEMORY_BYTES_MAX);
    checkOption('maxBytes', maxBytes, reserveBytes, MEMORY_BYTES_MAX);
    if (shared && maxBytes !== reserveBytes) {
      throw invalidOption(`a shared memory cannot grow: maxBytes is ${maxBytes}, reserveBytes is ${reserveBytes}`);
    }
    const memory = new Memory(makeBuffer(Math.ceil(reserveBytes / 8) * 8, shared), shared, maxBytes);
    memory.i32[MAGIC_WORD] = MAGIC;
    memory.i32[TOP] = SUPERBLOCK_BYTES;
    memory.i32[TENANT] = tenant;
    return memory;
  }

  /**
   * A memory over bytes that another memory wrote: its buffer, or a copy of it.
   *
   * Another thread may allocate in a `SharedArrayBuffer` meanwhile. So for shared memory, `attach` of this class and of
   * every allocator checks only the words that never change. Call `verify()` while nothing allocates to check the rest.
   * @throws ArenaError `ARENA_MALFORMED` when they are not a memory of that tenant, or are cut short
   */
  static attach(buffer: ArrayBuffer | SharedArrayBuffer, tenant: Tenant = Tenant.Arena): Memory {
    const shared = typeof SharedArrayBuffer !== 'undefined' && buffer instanceof SharedArrayBuffer;
    if (!shared && !(buffer instanceof ArrayBuffer)) {
      throw new TypeError(`attach() takes an ArrayBuffer or a SharedArrayBuffer, not ${printed(buffer)}`);
    }
    const { byteLength } = buffer;
    if (byteLength < SUPERBLOCK_BYTES) {
      malformed(`${byteLength} bytes cannot hold a superblock of ${SUPERBLOCK_BYTES} bytes`);
    }
    const memory = new Memory(buffer, shared, shared ? byteLength : MEMORY_BYTES_MAX);
    const magic = memory.u32[MAGIC_WORD];
    if (magic !== MAGIC) {
      const found = magic.toString(16).padStart(8, '0');
      malformed(`no memory of this version: it starts with 0x${found}, not 0x${MAGIC.toString(16)}`);
    }
    const found = memory.i32[TENANT];
    if (found !== tenant) {
      const hint = tenant === Tenant.Arena ? '; of arenas, only one that owns its memory can be attached to it' : '';
      malformed(`tenant ${found} owns this memory, not ${tenant}${hint}`);
    }
    const top = memory.u32[TOP];
    if (top < SUPERBLOCK_BYTES || top > byteLength) {
      malformed(`the superblock says ${top} bytes are in use, the buffer has ${byteLength}: cut short or damaged`);
    }
    return memory;
  }

  /** Length of the buffer in bytes, touched or not. */
  get capacityBytes(): number {
    return this.u8.length;
  }

  /** Bytes from the start of the buffer to the end of the last block, which is the length of a dump. 0 once dropped. */
  get usedBytes(): number {
    return this.i32[TOP] ?? 0;
  }

  /** Whether the memory has been given back. Its views are empty then. */
  get dropped(): boolean {
    return this.u8.length === 0;
  }

  /**
   * Hands out the next `bytes` bytes, at a multiple of 8.
   * @returns their address, or NIL when they do not fit, the memory cannot grow, and nothing has changed
   */
  take(bytes: number): Addr {
    const start = (this.i32[TOP] + 7) & ~7;
    const end = start + bytes;
    if (end > this.u8.length && !this.#grow(end)) return NIL;
    this.i32[TOP] = end;
    return start as Addr;
  }

  /** Promises that the next `bytes` bytes can be taken, and grows now if need be. @returns false without a promise */
  ensure(bytes: number): boolean {
    const end = ((this.i32[TOP] + 7) & ~7) + bytes; // From where `take` begins.
    return end <= this.u8.length || this.#grow(end);
  }

  /** Whether `bytes` bytes are left behind the last block, so that {@link Memory.ensure} need not grow. */
  hasLeft(bytes: number): boolean {
    return this.i32[TOP] + bytes <= this.u8.length;
  }

  /** Takes back all bytes from `top` on, in O(1). They keep their content. */
  cutBack(top: number): void {
    this.i32[TOP] = top;
  }

  /** Takes everything back, in O(1), and clears the superblock but for the words that the memory itself needs. */
  clear(): void {
    this.i32.fill(0, TENANT + 1, SUPERBLOCK_BYTES / 4);
    this.i32[TOP] = SUPERBLOCK_BYTES;
  }

  /** Overwrites bytes that were given back, in the checked build, so that a stale read of them shows. */
  poison(start: number, end: number): void {
    this.u8.fill(0xcc, start, end);
  }

  /**
   * Gives the buffer back to the system at once, without a garbage collection, and leaves every view of it empty. A
   * shared buffer stays until the last thread lets go of it. Idempotent.
   */
  drop(): void {
    if (!this.shared) release(this.buffer as ArrayBuffer);
    this.#setBuffer(new ArrayBuffer(0));
  }

  /** What `console.log` prints of it in Node. */
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
    this.refusal = undefined;
    if (bytes > this.maxBytes || this.shared) return false;
    const wanted = Math.min(this.maxBytes, Math.max(this.u8.length * 2, bytes));
    let grown: ArrayBuffer;
    try {
      grown = makeBuffer(Math.ceil(wanted / 8) * 8, false) as ArrayBuffer;
    } catch (error) {
      this.refusal = error as ArenaError;
      return false; // To the caller the memory is full.
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
    const message = `the system has no ${shared ? 'shared ' : ''}buffer of ${bytes} bytes`;
    throw new ArenaError('ARENA_OUT_OF_MEMORY', message, { cause });
  }
}

function checkOption(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw invalidOption(`${name} must be a whole number from ${min} to ${max}: ${printed(value)}`);
}

/**
 * Detaches a buffer and frees it at once. Newer engines have `transfer`. Elsewhere a closed port takes the posted
 * buffer over and discards it on the spot. (`structuredClone` with a transfer list leaves it to the garbage collector.)
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
