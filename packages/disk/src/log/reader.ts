/**
 * Reads LevelDB's log (db/log_reader.cc). The drawing is in writer.ts.
 *
 * The reader takes any bytes. A fragment that is wrong ends its block: its length cannot be trusted, so the next place
 * where a fragment is known to begin is the next block. What a flaw takes with it is one range: from the start of the
 * record that it damages to the next record.
 *
 * Deviations from LevelDB: a torn end and a header of zeros are flaws too, so that the caller decides what to make of
 * them. Fragments that follow a flaw belong to it and are no flaws of their own.
 */
import { crc32c, isBytes, maskCrc } from '@memtable/memtable/internal';
import { fileOf, type ReadFile } from '../files.js';
import type { LogFlaw, LogFlawKind } from './flaw.js';
import { BLOCK_BYTES, FragmentType, HEADER_BYTES, TYPE_CRC } from './format.js';

/** A sound record. */
export interface LogRecord {
  readonly kind: 'record';
  /** Where its first fragment begins. */
  readonly offset: number;
  /** The place after its last one. */
  readonly end: number;
  /** Its bytes: a view that is good until the next step. */
  readonly bytes: Uint8Array;
}

/**
 * The records and flaws of a log, in their order.
 * @throws what the file throws when it cannot be read
 *
 * Complexity: each byte is read once. Memory: one block and the longest record.
 */
export function* readLog(log: Uint8Array | ReadFile): Generator<LogRecord | LogFlaw, void, void> {
  const file = isBytes(log) ? fileOf(log) : log;
  const { size } = file;
  const block = new Uint8Array(Math.min(BLOCK_BYTES, size));
  const view = new DataView(block.buffer);
  const record = new Fragments();
  let flaw: LogFlaw | undefined;

  for (let start = 0; start < size; start += BLOCK_BYTES) {
    const length = Math.min(BLOCK_BYTES, size - start);
    file.read(block.subarray(0, length), start);
    let at = 0;
    // What is shorter than a header is the trailer of a block, or the torn end of a log.
    while (at < length && BLOCK_BYTES - at >= HEADER_BYTES) {
      const offset = start + at;
      const wrong = flawOf(block, view, at, length);
      if (wrong !== undefined) {
        // A gap of zeros is one flaw, over however many blocks.
        const goesOn = wrong === 'zeros' && flaw?.kind === 'zeros' && flaw.lostEnd === offset;
        if (!goesOn && flaw !== undefined) yield flaw;
        const lostEnd = start + length;
        flaw = goesOn
          ? { ...flaw!, lostEnd }
          : { kind: wrong, offset, lostStart: record.isOpen ? record.offset : offset, lostEnd };
        record.drop();
        break;
      }
      const type = block[at + 6];
      const end = at + HEADER_BYTES + view.getUint16(at + 4, true);
      const payload = block.subarray(at + HEADER_BYTES, end);
      at = end;
      if (type === FragmentType.Full || type === FragmentType.First) {
        // LevelDB once wrote an empty first fragment at the end of a block, and the record whole in the next one.
        if (record.isOpen && record.length > 0) {
          if (flaw !== undefined) yield flaw;
          flaw = { kind: 'unfinished', offset, lostStart: record.offset, lostEnd: offset };
        }
        record.drop();
        if (type === FragmentType.First) record.begin(offset, payload);
        else {
          if (flaw !== undefined) yield flaw;
          flaw = undefined;
          yield { kind: 'record', offset, end: start + end, bytes: payload };
        }
      } else if (!record.isOpen) {
        const lostEnd = start + end;
        if (flaw !== undefined && flaw.lostEnd <= offset) flaw = { ...flaw, lostEnd };
        else flaw = { kind: 'orphan', offset, lostStart: offset, lostEnd };
      } else {
        record.add(payload);
        if (type === FragmentType.Last) {
          if (flaw !== undefined) yield flaw;
          flaw = undefined;
          yield { kind: 'record', offset: record.offset, end: start + end, bytes: record.bytes };
          record.drop();
        }
      }
    }
  }
  if (flaw !== undefined) yield flaw;
  if (record.isOpen) yield { kind: 'truncated', offset: size, lostStart: record.offset, lostEnd: size };
}

/** What is wrong with the fragment at `at` of a block of `length` bytes, if anything. */
function flawOf(block: Uint8Array, view: DataView, at: number, length: number): LogFlawKind | undefined {
  if (length - at < HEADER_BYTES) return 'truncated';
  const checksum = view.getUint32(at, true);
  const payloadBytes = view.getUint16(at + 4, true);
  const type = block[at + 6];
  if (checksum === 0 && payloadBytes === 0 && type === 0) return 'zeros';
  const end = at + HEADER_BYTES + payloadBytes;
  if (end > BLOCK_BYTES) return 'bad-length';
  if (end > length) return 'truncated';
  if (checksum !== maskCrc(crc32c(block, at + HEADER_BYTES, end, TYPE_CRC[type]))) return 'bad-checksum';
  return type >= FragmentType.Full && type <= FragmentType.Last ? undefined : 'bad-type';
}

/** The fragments of a record, put together. */
class Fragments {
  isOpen = false;
  /** Where the record begins. */
  offset = 0;
  length = 0;
  #bytes = new Uint8Array();

  begin(offset: number, payload: Uint8Array): void {
    this.isOpen = true;
    this.offset = offset;
    this.length = 0;
    this.add(payload);
  }

  add(payload: Uint8Array): void {
    const length = this.length + payload.length;
    if (length > this.#bytes.length) {
      const bytes = new Uint8Array(Math.max(length, 2 * this.#bytes.length));
      bytes.set(this.#bytes.subarray(0, this.length));
      this.#bytes = bytes;
    }
    this.#bytes.set(payload, this.length);
    this.length = length;
  }

  drop(): void {
    this.isOpen = false;
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }
}
