/**
 * The position of each byte of an arena in the drawing. Regular blocks are stacked; dedicated blocks are in a lane
 * beside them. All have one scale. At zoom 1 a regular block with its header is one row; at zoom n it wraps into n.
 */
import type { MemTableInspection } from '@memtable/memtable/inspect';
import { bisectRight } from 'd3-array';

const ROW_HEIGHT = 22;
/** Used if there is room, so that labels fit. */
const ROW_HEIGHT_MAX = 40;
export const ZOOMS = [1, 2, 4, 8, 16, 32];
const ROW_GAP = 3;
const BLOCK_GAP = 8;
const PADDING = 10;
const LANE_GAP = 24;

interface Lane {
  readonly x: number;
  readonly width: number;
  /** For each row: its address range, its position, and its block (-1 for the superblock). */
  readonly starts: number[];
  readonly ends: number[];
  readonly tops: number[];
  readonly blocks: number[];
}

export interface MemoryLayout {
  readonly lanes: readonly Lane[];
  readonly pixelsPerByte: number;
  readonly height: number;
  readonly rowHeight: number;
  readonly zoom: number;
}

/** More blocks than this never fit the view at a zoom above 1. */
const BLOCKS_LARGE_MAX = 60;

/** Lays out an arena. Without a zoom, uses the largest zoom up to 8 at which everything fits the view. */
export function layOut(
  seen: MemTableInspection,
  size: { readonly width: number; readonly height: number },
  zoom: number | undefined,
): MemoryLayout {
  if (zoom !== undefined) return layOutAt(seen, size.width, zoom, ROW_HEIGHT);
  for (const candidate of seen.arena.blocks.length > BLOCKS_LARGE_MAX ? [] : [8, 4, 2]) {
    for (const rowHeight of [ROW_HEIGHT_MAX, 30, ROW_HEIGHT]) {
      const layout = layOutAt(seen, size.width, candidate, rowHeight);
      if (layout.height <= size.height) return layout;
    }
  }
  return layOutAt(seen, size.width, 1, ROW_HEIGHT);
}

function layOutAt({ arena }: MemTableInspection, width: number, zoom: number, rowHeight: number): MemoryLayout {
  const narrow = width < 560;
  const gutter = narrow ? 34 : 48;
  const dedicated = arena.stats.dedicatedCount > 0;
  const inner = width - gutter - PADDING;
  const regularWidth = dedicated ? (inner - LANE_GAP - gutter) * 0.62 : inner;
  const rowBytes = Math.ceil((arena.stats.blockBytes + 8) / zoom);
  const pixelsPerByte = regularWidth / rowBytes;
  const lane = (x: number, laneWidth: number): Lane => ({
    x,
    width: laneWidth,
    starts: [],
    ends: [],
    tops: [],
    blocks: [],
  });
  const lanes = [lane(gutter, regularWidth)];
  if (dedicated) {
    const x = gutter + regularWidth + LANE_GAP + gutter;
    lanes.push(lane(x, width - x - PADDING));
  }
  const bottoms = lanes.map(() => PADDING);
  const add = (laneIndex: number, block: number, from: number, to: number): void => {
    const { starts, ends, tops, blocks, width } = lanes[laneIndex];
    const step = Math.max(8, Math.floor(width / pixelsPerByte + 1e-6));
    for (let at = from; at < to; at += step) {
      starts.push(at);
      ends.push(Math.min(at + step, to));
      tops.push(bottoms[laneIndex]);
      blocks.push(block);
      bottoms[laneIndex] += rowHeight + ROW_GAP;
    }
    bottoms[laneIndex] += BLOCK_GAP - ROW_GAP;
  };
  add(0, -1, 0, arena.superblockBytes);
  arena.blocks.forEach((block, i) => {
    add(block.kind === 'regular' ? 0 : 1, i, block.headerAddress, block.address + block.bytes);
  });
  return { lanes, pixelsPerByte, height: Math.max(...bottoms) + PADDING, rowHeight, zoom };
}

/** The address at a point, or undefined. */
export function addressAt({ lanes, pixelsPerByte, rowHeight }: MemoryLayout, x: number, y: number): number | undefined {
  for (const lane of lanes) {
    const row = bisectRight(lane.tops, y) - 1;
    if (row < 0 || y >= lane.tops[row] + rowHeight) continue;
    const address = lane.starts[row] + Math.floor((x - lane.x) / pixelsPerByte);
    if (address >= lane.starts[row] && address < lane.ends[row]) return address;
  }
  return undefined;
}

/** The position of an address in the drawing. */
export function placeOf(
  { lanes, pixelsPerByte }: MemoryLayout,
  address: number,
): { readonly x: number; readonly y: number; readonly lane: number; readonly row: number } | undefined {
  for (const [i, lane] of lanes.entries()) {
    const row = bisectRight(lane.starts, address) - 1;
    if (row < 0 || address >= lane.ends[row]) continue;
    return { x: lane.x + (address - lane.starts[row]) * pixelsPerByte, y: lane.tops[row], lane: i, row };
  }
  return undefined;
}
