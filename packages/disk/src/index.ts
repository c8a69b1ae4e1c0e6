export { DiskError, type DiskErrorCode, type DiskErrorDetails } from './errors.js';
export { type AppendFile, type FileLock, fileOf, type Files, type ReadFile } from './files.js';
export { crc32c } from './log/crc32c.js';
export type { LogFlaw, LogFlawKind } from './log/flaw.js';
export { type LogRecord, readLog } from './log/reader.js';
export { LogReplay, type NamedFlaw, type NamedLog, type RecoveryMode } from './log/replay.js';
export { LogWriter } from './log/writer.js';
