/**
 * Writes LevelDB's log (db/log_writer.cc).
 *
 * ```
 *    block, 32768 bytes                                            block
 *    | fragment | fragment | fragment                  | zeros, 0-6 | fragment ...
 *
 *    fragment
 *    0               4       6   7
 *    | checksum      | length| t | payload ...                      two characters = one byte
 *
 *    checksum   of type and payload, masked
 *    t          1 the whole record, or 2 its first, 3 a middle, 4 its last part
 * ```
 *
 * A header never crosses a block's end: where fewer than 7 bytes are left they are zeros. Where exactly 7 are left
 * they are a first fragment without payload.
 */
import { DiskError } from '../errors.js';
import type { AppendFile } from '../files.js';
import { crc32c, maskCrc } from '@memtable/memtable/internal';
import { BLOCK_BYTES, FragmentType, HEADER_BYTES, TYPE_CRC } from './format.js';

/** A record of this size or less is appended to the file in one call. */
const BUFFER_BYTES_MAX = 2 * BLOCK_BYTES;
const BUFFER_BYTES = 1024;

/**
 * The end of a log. `append` hands a record over to the file, and with it what `add` put before it: one call for both.
 *
 * @example
 * ```ts
 * import { LogWriter, readLog } from '@memtable/disk';
 *
 * const written: number[] = [];
 * const log = new LogWriter({ append: (bytes) => written.push(...bytes) });
 * log.append(Uint8Array.of(102, 111, 111));
 * written; // [221, 95, 179, 122, 3, 0, 1, 102, 111, 111]
 * log.sizeBytes; // 10
 * [...readLog(Uint8Array.from(written))].length; // 1
 * ```
 */
export class LogWriter {
  readonly #file: Pick<AppendFile, 'append'>;
  #buffer = new Uint8Array(BUFFER_BYTES);
  #view = new DataView(this.#buffer.buffer);
  /** Bytes in the buffer. */
  #buffered = 0;
  #sizeBytes = 0;
  #failure: unknown;
  #failed = false;

  /** @param file - a new, empty file */
  constructor(file: Pick<AppendFile, 'append'>) {
    this.#file = file;
  }

  /** Bytes of the log so far. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Whether an append failed, so that the log takes no more. */
  get poisoned(): boolean {
    return this.#failed;
  }

  /**
   * Adds a record, which is in the file's hands after the next `append`.
   * @throws as `append` does, when the buffer is full
   */
  add(record: Uint8Array): void {
    this.#check();
    this.#add(record);
  }

  /**
   * Adds a record. It is in the file's hands when the call returns.
   * @throws DiskError `DISK_IO` when the file refuses it: any part of the record may be there, and the log is poisoned;
   *   `DISK_LOG_POISONED` from then on, since a record behind a torn one may be lost when the log is read
   */
  append(record: Uint8Array): void {
    this.#check();
    this.#add(record);
    this.#hand();
  }

  /** Hands over to the file what `add` put into the buffer. @throws as `append` */
  flush(): void {
    this.#check();
    if (this.#buffered > 0) this.#hand();
  }

  #check(): void {
    if (!this.#failed) return;
    throw new DiskError(
      'DISK_LOG_POISONED',
      `an append to this log of ${this.#sizeBytes} bytes failed before: begin a new log`,
      {
        cause: this.#failure,
      },
    );
  }

  #add(record: Uint8Array): void {
    let from = 0;
    for (let isFirst = true, isLast = false; !isLast; isFirst = false) {
      this.#fillTrailer();
      const room = BLOCK_BYTES - HEADER_BYTES - (this.#sizeBytes % BLOCK_BYTES);
      const to = Math.min(record.length, from + room);
      isLast = to === record.length;
      this.#write(typeOf(isFirst, isLast), record, from, to);
      from = to;
    }
  }

  #fillTrailer(): void {
    const left = BLOCK_BYTES - (this.#sizeBytes % BLOCK_BYTES);
    if (left >= HEADER_BYTES) return;
    this.#reserve(left);
    this.#buffer.fill(0, this.#buffered, this.#buffered + left);
    this.#buffered += left;
    this.#sizeBytes += left;
  }

  #write(type: FragmentType, record: Uint8Array, from: number, to: number): void {
    const length = to - from;
    this.#reserve(HEADER_BYTES + length);
    const at = this.#buffered;
    this.#view.setUint32(at, maskCrc(crc32c(record, from, to, TYPE_CRC[type])), true);
    this.#view.setUint16(at + 4, length, true);
    this.#buffer[at + 6] = type;
    this.#buffer.set(length === record.length ? record : record.subarray(from, to), at + HEADER_BYTES);
    this.#buffered += HEADER_BYTES + length;
    this.#sizeBytes += HEADER_BYTES + length;
  }

  #reserve(bytes: number): void {
    if (this.#buffered + bytes > BUFFER_BYTES_MAX) this.#hand();
    const length = this.#buffered + bytes;
    if (length <= this.#buffer.length) return;
    const buffer = new Uint8Array(Math.min(BUFFER_BYTES_MAX, Math.max(length, 2 * this.#buffer.length)));
    buffer.set(this.#buffer.subarray(0, this.#buffered));
    this.#buffer = buffer;
    this.#view = new DataView(buffer.buffer);
  }

  #hand(): void {
    const bytes = this.#buffer.subarray(0, this.#buffered);
    this.#buffered = 0;
    try {
      this.#file.append(bytes);
    } catch (cause) {
      this.#failed = true;
      this.#failure = cause;
      throw new DiskError('DISK_IO', `a log of ${this.#sizeBytes} bytes could not be appended to`, { cause });
    }
  }
}

function typeOf(isFirst: boolean, isLast: boolean): FragmentType {
  if (isFirst) return isLast ? FragmentType.Full : FragmentType.First;
  return isLast ? FragmentType.Last : FragmentType.Middle;
}
