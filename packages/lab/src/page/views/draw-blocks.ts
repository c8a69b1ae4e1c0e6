/** Draws a block list: each block spans the entries below it. */
import type { BlockListInspection, MemTableInspection, SearchTrace } from '@memtable/memtable/inspect';
import { bisectRight } from 'd3-array';
import { keyText } from './allocation.js';
import { count } from './bytes.js';
import type { Size } from './canvas.js';
import type { Palette } from './palette.js';
import { plotWidth, rankAt, step, xOf } from './ranks.js';

const TOP = 18;
const LABELS_HEIGHT = 76;

/** For each level, the first rank of each block, and at the end the number of entries. */
export interface BlockPlaces {
  readonly list: BlockListInspection;
  readonly starts: readonly Int32Array[];
}

export function blockPlacesOf(list: BlockListInspection): BlockPlaces {
  const starts: Int32Array[] = [];
  list.levels.forEach((blocks, level) => {
    const own = new Int32Array(blocks.length + 1);
    let child = 0;
    blocks.forEach(({ slotCount }, i) => {
      if (level === 0) own[i + 1] = own[i] + slotCount;
      else {
        child += slotCount;
        own[i + 1] = starts[level - 1][child];
      }
    });
    starts.push(own);
  });
  return { list, starts };
}

function geometry(list: BlockListInspection, size: Size): { readonly rowHeight: number; y: (level: number) => number } {
  const room = size.height - TOP - LABELS_HEIGHT;
  const rowHeight = Math.min(100, room / list.height);
  const floor = TOP + (room + list.height * rowHeight) / 2;
  return { rowHeight, y: (level) => floor - (level + 1) * rowHeight };
}

export function drawBlocks(
  context: CanvasRenderingContext2D,
  size: Size,
  colours: Palette,
  seen: MemTableInspection,
  buffer: ArrayBufferLike,
  { list, starts }: BlockPlaces,
  trace: (SearchTrace & { kind: 'block' }) | undefined,
  selectedAddress: number | undefined,
  hoveredAddress: number | undefined,
): void {
  const { rowHeight, y } = geometry(list, size);
  const perRank = step.value;
  const shownWidth = plotWidth(size);
  const [from, to] = [rankAt(0), rankAt(shownWidth)];
  // The entry of rank r spans r - 1/2 to r + 1/2.
  const x = (rank: number): number => xOf(rank - 0.5);
  const boxHeight = Math.min(rowHeight - 26, 54);
  context.textBaseline = 'middle';
  context.save();
  context.beginPath();
  context.rect(0, 0, shownWidth, size.height);
  context.clip();

  for (let level = list.height - 1; level >= 0; level--) {
    const blocks = list.levels[level];
    const top = y(level) + 10;
    const own = starts[level];
    const first = Math.max(bisectRight(own, from) - 1, 0);
    for (let i = first; i < blocks.length && own[i] < to + 1; i++) {
      const block = blocks[i];
      const [x0, x1] = [x(own[i]), x(own[i + 1])];
      const width = Math.max(x1 - x0 - Math.min(3, (x1 - x0) / 8), 1);
      const picked = block.address === selectedAddress || block.address === hoveredAddress;
      context.fillStyle = colours.tower;
      context.globalAlpha = 0.16;
      context.fillRect(x0, top, width, boxHeight);
      // A bar shows how full the block is.
      context.globalAlpha = 0.75;
      context.fillRect(x0, top + boxHeight - 5, (width * block.slotCount) / block.slotMax, 5);
      context.globalAlpha = 1;
      if (width > 4) {
        context.strokeStyle = picked ? colours.accent : colours.tower;
        context.lineWidth = picked ? 3 : 1;
        context.strokeRect(x0 + 0.5, top + 0.5, width - 1, boxHeight - 1);
      }
      drawSlots(level, i, width, top);
      if (width > 90) {
        const prefix = block.prefixBytes > 0 ? `, prefix ${block.prefixBytes}` : '';
        const text = `${block.slotCount}/${block.slotMax} slots${prefix}`;
        context.fillStyle = colours.text;
        context.font = '11px ui-monospace, monospace';
        context.textAlign = 'left';
        context.fillText(text, Math.max(x0, 0) + 6, top + 11, width - 10);
      }
    }
  }

  if (perRank >= 12.5) {
    const floor = y(0) + 10 + boxHeight;
    for (let rank = Math.max(Math.ceil(from), 0); rank < Math.min(to, list.entryCount); rank++) {
      context.save();
      context.translate(x(rank + 0.5), floor + 6);
      context.rotate(perRank >= 24 ? 0.62 : 1.3);
      context.textAlign = 'left';
      context.fillStyle = seen.entries.types[rank] === 0 ? colours.waste : colours.text;
      context.fillText(keyText(seen, buffer, rank, 22), 2, 4);
      context.restore();
    }
  }
  trace?.steps.forEach(({ level, block, slot }, i) => {
    const place = list.levels[level].findIndex(({ address }) => address === block);
    const isLast = i === trace.steps.length - 1;
    const slots = list.levels[level][place].slotCount;
    const [x0, x1] = slotRange(level, place, Math.min(slot, slots - 1));
    const top = y(level) + 10;
    context.strokeStyle = colours.accent;
    context.lineWidth = isLast ? 4 : 3;
    context.strokeRect(x(starts[level][place]), top, x(starts[level][place + 1]) - x(starts[level][place]), boxHeight);
    context.fillStyle = colours.accent;
    context.fillRect(x0, top + 18, Math.max(x1 - x0 - 1, 3), boxHeight - 18);
    if (level > 0) {
      context.beginPath();
      context.moveTo((x0 + x1) / 2, top + boxHeight);
      context.lineTo((x0 + x1) / 2, y(level - 1) + 10);
      context.stroke();
    }
  });

  context.restore();
  context.fillStyle = colours.muted;
  context.font = '11px ui-monospace, monospace';
  context.textAlign = 'left';
  for (let level = 0; level < list.height; level++) {
    const blocks = list.levels[level].length;
    const text =
      size.width < 560 ? `${level}: ${count(blocks)}` : `${count(blocks)} ${blocks === 1 ? 'block' : 'blocks'}`;
    context.fillText(text, shownWidth + 8, y(level) + 10 + boxHeight / 2);
  }

  function slotRange(level: number, block: number, slot: number): [number, number] {
    if (level === 0) return [x(starts[0][block] + slot), x(starts[0][block] + slot + 1)];
    let child = 0;
    for (let i = 0; i < block; i++) child += list.levels[level][i].slotCount;
    return [x(starts[level - 1][child + slot]), x(starts[level - 1][child + slot + 1])];
  }

  function drawSlots(level: number, block: number, width: number, top: number): void {
    const { slotCount } = list.levels[level][block];
    if (width / slotCount < 4) return;
    context.fillStyle = colours.tower;
    context.globalAlpha = 0.45;
    let child = 0;
    if (level > 0) for (let i = 0; i < block; i++) child += list.levels[level][i].slotCount;
    for (let slot = 0; slot < slotCount; slot++) {
      const start = level === 0 ? x(starts[0][block] + slot) : x(starts[level - 1][child + slot]);
      const end = level === 0 ? start + perRank : x(starts[level - 1][child + slot + 1]);
      context.fillRect(start + 1, top + 20, Math.max(end - start - 2, 1), boxHeight - 27);
    }
    context.globalAlpha = 1;
  }
}

/** The address of the block at a point, or of the entry if the point is on a slot of level 0. */
export function blockAt({ list, starts }: BlockPlaces, size: Size, px: number, py: number): number | undefined {
  const { rowHeight, y } = geometry(list, size);
  const level = list.levels.findIndex((_, level) => py >= y(level) && py < y(level) + rowHeight);
  if (level === -1) return undefined;
  const rank = rankAt(px) + 0.5;
  const place = bisectRight(starts[level], rank) - 1;
  const block = list.levels[level][place];
  if (block === undefined || rank < 0) return undefined;
  const slot = Math.floor(rank) - starts[0][place];
  return level === 0 && step.value >= 4 && py > y(level) + 30 ? block.entries[slot] : block.address;
}
