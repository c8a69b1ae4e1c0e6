export { DiskError, type DiskErrorCode, type DiskErrorDetails } from './errors.js';
export { type AppendFile, type FileLock, fileOf, type Files, type ReadFile } from './files.js';
export { crc32c } from '@memtable/memtable/internal';
export type { LogFlaw, LogFlawKind } from './log/flaw.js';
export { LoggedBatch } from './log/logged-batch.js';
export { type LogRecord, readLog } from './log/reader.js';
export { LogReplay, type NamedFlaw, type NamedLog, type RecoveryMode } from './log/replay.js';
export { LogWriter } from './log/writer.js';
export { TableBuilder, type TableBuilderOptions, type TableSummary } from './table/builder.js';
export { TableReader } from './table/reader.js';
export { TableCursor } from './table/table-cursor.js';
export type { TableReaderOptions } from './table/table-file.js';
export { type FileKind, type FileName, fileName, parseFileName } from './manifest/file-names.js';
export { Manifest, type ManifestContent, readManifest } from './manifest/manifest.js';
export { obsoleteFiles } from './manifest/obsolete-files.js';
export { BYTEWISE_COMPARATOR, Version } from './manifest/version.js';
export { type TableMeta, VersionEdit } from './manifest/version-edit.js';
export { nodeFiles, type NodeFilesOptions } from './node-files.js';
export { Database, type DatabaseOptions } from './directory/database.js';
export { readDatabase, type Recovery, type RecoveryOptions } from './directory/recovery.js';
export type { LiveEntry } from './directory/newest-entries.js';
export type { TableOptions } from './directory/write-tables.js';
export { type DiskStore, openStore } from './store/disk-store.js';
export type {
  DiskClearOptions,
  DiskStoreArguments,
  DiskStoreEvent,
  DiskStoreOptions,
  DiskStoreSettings,
  DiskStoreStats,
  DiskWriteOptions,
  Durability,
  DurabilityOption,
  LogStats,
} from './store/options.js';
export type { Latencies } from './store/latency-histogram.js';
