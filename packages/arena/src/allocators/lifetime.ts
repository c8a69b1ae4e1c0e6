/// <reference lib="esnext.disposable" preserve="true" />
import { type Addr, NIL } from '../addr.js';
import { dropped } from '../errors.js';
import { onDrop, onFailure, onReset } from '../events.js';
import type { Memory } from '../memory.js';
import { INSPECT, show } from '../show.js';

/** The life of every allocator: from `reset()` to `reset()`, until `drop()`. */
export abstract class Lifetime implements Disposable {
  /** The allocator's memory, or that of an arena's source. Empty once dropped. */
  readonly memory: Memory;

  /** @internal */
  constructor(memory: Memory) {
    this.memory = memory;
  }

  /** Bytes in use. 0 once dropped. */
  abstract memoryUsage(): number;

  /** @internal Takes all allocations back. */
  protected abstract restart(): void;

  /** @internal The fields that `console.log` shows while the allocator lives. */
  protected abstract shown(): object;

  /**
   * Takes all allocations back at once and keeps the memory for the next ones. All that lies in it is gone: indexes,
   * memtables, arenas over this allocator. O(1), but O(classes) for slabs and O(blocks) for an arena over a source.
   * @throws ArenaError `ARENA_DROPPED`
   */
  reset(): void {
    this.checkLive();
    if (onReset.hasSubscribers) onReset.publish({ allocator: this, memoryUsage: this.memoryUsage() });
    this.restart();
  }

  /**
   * Ends the allocator and all that lies in it, and gives its memory back at once. Views of a memory of its own are
   * empty from then on; views of a source's memory show the bytes that others write there. Idempotent.
   */
  drop(): void {
    if (this.dropped) return;
    if (onDrop.hasSubscribers) onDrop.publish({ allocator: this, memoryUsage: this.memoryUsage() });
    this.release();
  }

  /** Whether `drop()` was called. */
  get dropped(): boolean {
    return this.memory.dropped;
  }

  /** As `drop()`. */
  [Symbol.dispose](): void {
    this.drop();
  }

  /** What `console.log` prints of it in Node. */
  [INSPECT](): object {
    return show(this, () => (this.dropped ? { dropped: true } : this.shown()));
  }

  /** @internal */
  protected release(): void {
    this.memory.drop();
  }

  /** @internal @throws ArenaError `ARENA_DROPPED` */
  protected checkLive(): void {
    if (this.dropped) throw dropped();
  }

  /** @internal Answers a request that the memory has no room for. */
  protected fail(bytes: number): Addr {
    if (onFailure.hasSubscribers) onFailure.publish({ allocator: this, bytes, memoryUsage: this.memoryUsage() });
    return NIL;
  }
}
