/** Parts of the memtable for the packages above it. They are not public: a minor version may change them. */
export { BulkLoad } from './bulk-load.js';
export { Trace, type TraceContext } from './diagnostics.js';
export { EntryTable } from './entry-table.js';
export { checkBytes, isBytes } from './format/bytes.js';
export { crc32c, maskCrc } from './format/crc32c.js';
export { copyBytes, copyOut, copyOutBuffer, copyPart, copyView, equalBytes } from './format/copy.js';
export {
  entryBytes,
  keyLengthOf,
  keyStartOf,
  tagHighOf,
  tagLowOf,
  tagStartOf,
  valueLengthOf,
  valueStartOf,
  writeValue,
} from './format/entry.js';
export { TAG_BYTES, tagHigh, tagLow } from './format/internal-key.js';
export { LookupKey } from './format/lookup-key.js';
export { BufferClass, readText, textBytes, textBytesMax, writeText } from './format/text.js';
export { readVarint32, skipVarint, VARINT32_BYTES_MAX, writeVarint32 } from './format/varint.js';
export { verifyEntries } from './inspect/verify-entries.js';
export { checkNotComparing, ComparatorOrder, type EntryOrder, orderOf } from './order.js';
export { setTimer, type Timer } from './timer.js';
export type { BatchReader } from './write-batch.js';
export type { WriteLog } from './write-log.js';
export { Admission, type AdmissionHost } from './write-buffer/admission.js';
export { LifecycleEvents } from './write-buffer/events.js';
export { type FlushEvent, type FlushHost, FlushQueue } from './write-buffer/flush-queue.js';
export type { FlushSource } from './write-buffer/flush-run.js';
export { checkFlushOptions, checkWhole } from './write-buffer/flush-target.js';
