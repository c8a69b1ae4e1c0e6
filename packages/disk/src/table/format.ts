/**
 * The parts of a table that its builder and its reader share (LevelDB table/format.h).
 *
 * ```
 *    data block ... data block | filter block? | metaindex block | index block | footer
 *
 *    block as it is stored
 *    | contents ... | t | checksum, 4 |         t  0 plain, 1 snappy;  the checksum of contents and t, masked
 *
 *    footer, 48 bytes
 *    | metaindex handle | index handle | zeros up to 40 | 57 fb 80 8b 24 75 47 db |
 *
 *    handle
 *    | offset, varint64 | length of the contents, varint64 |
 * ```
 */
import type { ByteReader } from '../coding/byte-reader.js';
import type { ByteWriter } from '../coding/byte-writer.js';

/** How the contents of a block are stored. */
export const BlockType = { Plain: 0, Snappy: 1 } as const;

/** Bytes behind the contents of a block: type and checksum. */
export const BLOCK_TRAILER_BYTES = 5;

export const FOOTER_BYTES = 48;
export const HANDLES_BYTES = 40;

/** The last eight bytes of every table. */
export const MAGIC = Uint8Array.of(0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb);

/** Where the contents of a block lie in the file. */
export interface BlockHandle {
  readonly offset: number;
  readonly length: number;
}

export function writeHandle(writer: ByteWriter, handle: BlockHandle): void {
  writer.varint(handle.offset);
  writer.varint(handle.length);
}

/** The handle at the reader's place, which is not `ok` when there is none. */
export function readHandle(reader: ByteReader): BlockHandle {
  return { offset: reader.safeVarint(), length: reader.safeVarint() };
}
