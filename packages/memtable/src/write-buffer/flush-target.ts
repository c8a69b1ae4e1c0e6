import { printed } from '@memtable/arena';
import type { Signal } from '../abort-signal.js';
import { MemTableError } from '../errors.js';
import type { FlushRun } from './flush-run.js';

/**
 * Where frozen tables go.
 *
 * `write` stores every entry of the run so that it survives, then resolves. The table is dropped right after. When it
 * rejects, nothing is lost: a later call gets the same entries again, so storing some of them twice must do no harm.
 * When `signal` is aborted, `write` must stop and reject soon. No other write begins before it settles.
 */
export interface FlushTarget {
  /**
   * Stores every entry of the run. @param options - `signal` is aborted after `flushMsMax`, or at the end of
   * `close()`
   */
  write(run: FlushRun, options: { readonly signal: Signal }): Promise<void>;
}

/** Where to flush to, and how long to try. Times are in milliseconds. */
export interface FlushOptions {
  /** Where full tables go. */
  target: FlushTarget;
  /** The pause after the first failure. Each further pause is twice as long. From 0. @defaultValue 50 */
  retryMs?: number | undefined;
  /** The longest pause, from `retryMs`. @defaultValue 5000 */
  retryMsMax?: number | undefined;
  /** A write that takes longer is aborted and tried again. From 1. @defaultValue never */
  flushMsMax?: number | undefined;
}

const RETRY_MS = 50;
const RETRY_MS_MAX = 5000;
/** Longer delays make a timer fire at once. */
const TIMER_MS_MAX = 0x7fffffff;

/** @internal The pause after `failures` failures in a row. */
export function retryPauseMs(options: Partial<FlushOptions>, failures: number): number {
  const { retryMs = RETRY_MS, retryMsMax = RETRY_MS_MAX } = options;
  return Math.min(retryMsMax, retryMs * 2 ** Math.min(failures - 1, 31));
}

/** @internal @throws MemTableError `MEMTABLE_INVALID_OPTION`; TypeError for a target without `write()` */
export function checkFlushOptions(options: FlushOptions): void {
  const { target, retryMs = RETRY_MS, retryMsMax = RETRY_MS_MAX, flushMsMax } = options;
  if (typeof target?.write !== 'function') throw new TypeError(`target must have a method write(): ${printed(target)}`);
  checkWhole('retryMs', retryMs, 0, TIMER_MS_MAX);
  checkWhole('retryMsMax', retryMsMax, retryMs, TIMER_MS_MAX);
  if (flushMsMax !== undefined) checkWhole('flushMsMax', flushMsMax, 1, TIMER_MS_MAX);
}

/** @internal @throws MemTableError `MEMTABLE_INVALID_OPTION` unless `value` is a whole number from `min` to `max` */
export function checkWhole(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new MemTableError(
    'MEMTABLE_INVALID_OPTION',
    `${name} must be a whole number from ${min} to ${max}: ${printed(value)}`,
  );
}
