export type { WaitOptions } from './abortable.js';
export { MemTableCursor } from './cursor.js';
export { MemTableError, type MemTableErrorCode } from './errors.js';
export { type FlushOptions, FlushRun, type FlushStats, type FlushTarget } from './flush-target.js';
export {
  encodeInternalKey,
  type InternalKey,
  parseInternalKey,
  type Sequence,
  SEQUENCE_MAX,
  ValueType,
} from './format/internal-key.js';
export type { LifecycleEvent, StallReason } from './lifecycle.js';
export { type LevelDatabase, type LevelOperation, levelTarget, type LevelTargetOptions } from './level-target.js';
export {
  MemTable,
  type MemTableEntry,
  type MemTableOptions,
  type MemTableState,
  type MemTableStats,
  type MemTableValue,
} from './memtable.js';
export { MemTableList, type MemTableListOptions, type MemTableListStats } from './memtable-list.js';
export type { Comparator } from './order.js';
export { WriteBatch, type WriteOperation } from './write-batch.js';
