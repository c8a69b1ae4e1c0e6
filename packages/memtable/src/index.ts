export type { AbortSignalLike, Signal } from './abort-signal.js';
export type { WaitOptions } from './abortable.js';
export { MemTableCursor } from './cursor.js';
export type { EntryTableStats } from './entry-table.js';
export { MemTableError, type MemTableErrorCode } from './errors.js';
export {
  encodeInternalKey,
  type InternalKey,
  parseInternalKey,
  type Sequence,
  SEQUENCE_MAX,
  ValueType,
} from './format/internal-key.js';
export { type LevelDatabase, type LevelOperation, levelTarget, type LevelTargetOptions } from './level-target.js';
export {
  MemTable,
  type MemTableEntry,
  type MemTableOptions,
  type MemTableState,
  type MemTableStats,
  type MemTableValue,
} from './memtable.js';
export { MemTableList } from './memtable-list.js';
export type { MemTableListOptions, MemTableListStats } from './memtable-list-options.js';
export type { Comparator } from './order.js';
export type { WaitingStats } from './write-buffer/admission.js';
export type { LifecycleEvent, StallReason } from './write-buffer/events.js';
export type { FlushStats } from './write-buffer/flush-queue.js';
export { FlushRun } from './write-buffer/flush-run.js';
export type { FlushOptions, FlushTarget } from './write-buffer/flush-target.js';
export { WriteBatch, type WriteOperation } from './write-batch.js';
