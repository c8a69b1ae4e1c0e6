/** The numbers of LevelDB's log format (db/log_format.h), for its writer and its reader. */
import { crc32c } from '@memtable/memtable/internal';

/** A log is a row of blocks of this size; the last one may be shorter. No fragment crosses their bounds. */
export const BLOCK_BYTES = 32768;

/** checksum 4, length 2, type 1 */
export const HEADER_BYTES = 7;

/** Which part of a record a fragment is. */
export const FragmentType = { Full: 1, First: 2, Middle: 3, Last: 4 } as const;
export type FragmentType = (typeof FragmentType)[keyof typeof FragmentType];

/** The checksum of each type byte: a fragment's checksum goes on from it. */
export const TYPE_CRC = Uint32Array.from({ length: 256 }, (_, type) => crc32c(Uint8Array.of(type)));
