/** Lookups in the pieces of an inspection. */
import { type MemTableInspection, PIECE_KINDS, type PieceKind } from '@memtable/memtable/inspect';
import { bisectRight } from 'd3-array';

/** The index of the piece that contains the byte at `address`. */
export function pieceOf({ pieces }: MemTableInspection, address: number): number | undefined {
  const i = bisectRight(pieces.addresses, address) - 1;
  return i >= 0 && address < pieces.addresses[i] + pieces.bytes[i] ? i : undefined;
}

export function kindOf({ pieces }: MemTableInspection, piece: number): PieceKind {
  return PIECE_KINDS[pieces.kinds[piece]];
}

const ENTRY_KINDS: readonly PieceKind[] = ['key length', 'key', 'tag', 'value length', 'value'];

/** Rank of the entry that a piece is part of or whose tower it is; -1 for any other piece. */
export function rankOf(seen: MemTableInspection, piece: number): number {
  const kind = kindOf(seen, piece);
  return kind === 'tower' || ENTRY_KINDS.includes(kind) ? seen.pieces.owners[piece] : -1;
}

export function isEntryPart(kind: PieceKind): boolean {
  return ENTRY_KINDS.includes(kind);
}

/** An allocation: an entry with all its parts, or any other single piece. */
export interface Allocation {
  readonly kind: PieceKind | 'entry';
  readonly address: number;
  readonly bytes: number;
}

export function allocationOf(seen: MemTableInspection, piece: number): Allocation {
  const kind = kindOf(seen, piece);
  const { pieces, entries } = seen;
  if (!isEntryPart(kind)) return { kind, address: pieces.addresses[piece], bytes: pieces.bytes[piece] };
  const rank = pieces.owners[piece];
  return { kind: 'entry', address: entries.addresses[rank], bytes: entries.bytes[rank] };
}

/** The address of a node's tower, which is where links to the node lead. */
export function towerAddressOf(seen: MemTableInspection, node: number): number | undefined {
  const { index } = seen;
  if (index.kind !== 'skiplist') return undefined;
  if (node === index.head.node) return index.head.towerAddress;
  const rank = index.nodes.indexOf(node);
  return rank === -1 ? undefined : index.towerAddresses[rank];
}

/** The successors of an entry, or of the head for rank -1, indexed by level; 0 at the end of a level. */
export function linksOf(seen: MemTableInspection, rank: number): number[] {
  const { index } = seen;
  if (index.kind !== 'skiplist') return [];
  return rank === -1
    ? [...index.head.links].slice(0, index.height)
    : [...index.links.subarray(index.linkStarts[rank], index.linkStarts[rank + 1])];
}

/** The address that the link at this byte leads to; undefined if the byte is not part of a link. */
export function linkTargetAt(seen: MemTableInspection, piece: number, address: number): number | undefined {
  const { index, pieces } = seen;
  if (kindOf(seen, piece) !== 'tower' || index.kind !== 'skiplist') return undefined;
  const offset = address - pieces.addresses[piece];
  const rank = pieces.owners[piece];
  const height = rank === -1 ? index.heightMax : index.heights[rank];
  if (index.layout === 'leveldb' && offset < 8) return rank === -1 ? undefined : index.entries[rank];
  const level = index.layout === 'leveldb' ? Math.floor(offset / 8) - 1 : height - 1 - Math.floor(offset / 4);
  const node = linksOf(seen, rank)[level];
  return node === undefined || node === 0 ? undefined : towerAddressOf(seen, node);
}
