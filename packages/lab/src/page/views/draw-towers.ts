/** Draws a skip list. Levels too dense to show single towers appear as bands. */
import type { MemTableInspection, SearchTrace, SkipListInspection } from '@memtable/memtable/inspect';
import { bisectLeft } from 'd3-array';
import { keyText } from './allocation.js';
import { count } from './bytes.js';
import type { Size } from './canvas.js';
import type { Palette } from './palette.js';
import { plotWidth, rankAt, step, xOf as x } from './ranks.js';

const LABELS_HEIGHT = 76;
const TOP = 26;

/** Derived from a list once, and used in all frames. */
export interface Towers {
  readonly list: SkipListInspection;
  /** For each level, the ranks of the towers that reach it. */
  readonly onLevel: readonly Int32Array[];
  readonly rankOfNode: ReadonlyMap<number, number>;
}

export function towersOf(list: SkipListInspection): Towers {
  const counts = new Int32Array(list.height);
  for (const height of list.heights) for (let level = 0; level < height; level++) counts[level]++;
  const onLevel = Array.from(counts, (length) => new Int32Array(length));
  counts.fill(0);
  list.heights.forEach((height, rank) => {
    for (let level = 0; level < height; level++) onLevel[level][counts[level]++] = rank;
  });
  const rankOfNode = new Map<number, number>([[list.head.node, -1]]);
  list.nodes.forEach((node, rank) => rankOfNode.set(node, rank));
  return { list, onLevel, rankOfNode };
}

/** The lowest level whose visible towers are few enough to draw one by one. */
function lowestLevel({ onLevel }: Towers, from: number, to: number, width: number): number {
  const most = width / 7;
  const level = onLevel.findIndex((ranks) => bisectLeft(ranks, to) - bisectLeft(ranks, from) <= most);
  return level === -1 ? onLevel.length - 1 : level;
}

function levelGeometry(height: number, size: Size): { readonly floor: number; readonly levelHeight: number } {
  const room = size.height - LABELS_HEIGHT - TOP;
  const levelHeight = Math.min(52, room / height);
  return { floor: TOP + (room + height * levelHeight) / 2, levelHeight };
}

export function drawTowers(
  context: CanvasRenderingContext2D,
  size: Size,
  colours: Palette,
  seen: MemTableInspection,
  buffer: ArrayBufferLike,
  towers: Towers,
  trace: (SearchTrace & { kind: 'skiplist' }) | undefined,
  selectedRank: number | undefined,
  hoveredRank: number | undefined,
): void {
  const { list, onLevel, rankOfNode } = towers;
  const { floor, levelHeight } = levelGeometry(list.height, size);
  const perRank = step.value;
  const width = plotWidth(size);
  const [from, to] = [rankAt(0), rankAt(width)];
  const y = (level: number): number => floor - (level + 0.5) * levelHeight;
  const lowest = lowestLevel(towers, from, to, width);
  const cell = Math.max(3, Math.min(perRank * 0.62, 30));
  const cellHeight = Math.max(4, Math.min(levelHeight - 8, 34));

  context.save();
  context.beginPath();
  context.rect(0, 0, width, size.height);
  context.clip();
  // Links first, so that towers cover their ends.
  context.lineWidth = 1.25;
  context.font = '11px ui-monospace, monospace';
  context.textBaseline = 'middle';
  for (let level = lowest; level < list.height; level++) {
    const ranks = onLevel[level];
    const first = Math.max(bisectLeft(ranks, from) - 1, 0);
    const last = Math.min(bisectLeft(ranks, to) + 1, ranks.length);
    context.strokeStyle = colours.muted;
    context.globalAlpha = 0.55;
    context.beginPath();
    let previous = first === 0 ? -1 : ranks[first];
    for (let i = first === 0 ? 0 : first + 1; i < last; i++) {
      context.moveTo(x(previous) + cell / 2, y(level));
      context.lineTo(x(ranks[i]) - cell / 2 - 1, y(level));
      previous = ranks[i];
    }
    if (last === ranks.length) {
      context.moveTo(x(previous) + cell / 2, y(level));
      context.lineTo(x(list.entryCount), y(level));
    }
    context.stroke();
    context.globalAlpha = 1;
  }
  for (let level = 0; level < lowest; level++) {
    // A band stands for towers that are too dense to draw.
    context.fillStyle = colours.tower;
    context.globalAlpha = 0.28;
    const start = Math.max(x(0) - cell / 2, 0);
    context.fillRect(start, y(level) - cellHeight / 2, Math.min(x(list.entryCount), width) - start, cellHeight);
    context.globalAlpha = 1;
  }

  // Towers that reach the lowest level drawn one by one.
  const ranks = onLevel[lowest];
  const first = Math.max(bisectLeft(ranks, from - 1), 0);
  const last = bisectLeft(ranks, to + 1);
  const labelled = perRank >= 12.5;
  for (let i = first; i < last; i++) {
    drawTower(ranks[i], list.heights[ranks[i]]);
    if (labelled) label(ranks[i]);
  }
  if (from < 0) {
    drawTower(-1, list.height);
    context.fillStyle = colours.muted;
    context.textAlign = 'center';
    context.fillText('head', x(-1), floor + 12);
  }
  if (to > list.entryCount) {
    context.fillStyle = colours.muted;
    context.textAlign = 'center';
    context.fillText('end', x(list.entryCount), floor + 12);
  }

  if (trace !== undefined) drawTrace(trace);
  for (const [rank, colour] of [
    [hoveredRank, colours.text],
    [selectedRank, colours.accent],
  ] as const) {
    if (rank === undefined) continue;
    const height = rank === -1 ? list.height : list.heights[rank];
    context.strokeStyle = colour;
    context.lineWidth = colour === colours.accent ? 3 : 1.5;
    context.strokeRect(
      x(rank) - cell / 2 - 3,
      y(height - 1) - cellHeight / 2 - 3,
      cell + 6,
      floor - y(height - 1) + cellHeight / 2,
    );
  }

  context.restore();

  // The number of towers on each level.
  context.textAlign = 'left';
  context.font = '11px ui-monospace, monospace';
  for (let level = 0; level < list.height; level++) {
    if (levelHeight < 12 && level % 2 === 1) continue;
    const name = size.width < 560 ? '' : 'level ';
    context.fillStyle = colours.muted;
    context.fillText(`${name}${level}: ${count(onLevel[level].length)}`, width + 8, y(level));
  }

  function drawTower(rank: number, height: number): void {
    context.fillStyle = rank === -1 ? colours.header : seen.entries.types[rank] === 0 ? colours.waste : colours.tower;
    for (let level = lowest; level < height; level++) {
      context.fillRect(x(rank) - cell / 2, y(level) - cellHeight / 2, cell, cellHeight);
    }
  }

  function label(rank: number): void {
    const text = keyText(seen, buffer, rank, 22);
    context.fillStyle = colours.text;
    context.font = '11px ui-monospace, monospace';
    context.save();
    context.translate(x(rank), floor + 6);
    context.rotate(perRank >= 24 ? 0.62 : 1.3);
    context.textAlign = 'left';
    context.fillText(text, 2, 4);
    if (perRank >= 30) {
      context.fillStyle = colours.muted;
      context.font = '10px ui-monospace, monospace';
      context.fillText(`#${seen.entries.sequences[rank]}${seen.entries.types[rank] === 0 ? ' tombstone' : ''}`, 2, 16);
    }
    context.restore();
  }

  function drawTrace({ steps }: SearchTrace & { kind: 'skiplist' }): void {
    context.lineCap = 'round';
    steps.forEach(({ level, node, next, comparison }, i) => {
      const at = rankOfNode.get(node)!;
      const ahead = next === 0 ? list.entryCount : rankOfNode.get(next)!;
      const goesOn = comparison !== undefined && comparison < 0;
      const isLast = i === steps.length - 1;
      context.strokeStyle = colours.accent;
      context.lineWidth = isLast ? 4 : 3;
      context.setLineDash(goesOn ? [] : [4, 5]);
      context.beginPath();
      context.moveTo(x(at) + cell / 2, y(level));
      context.lineTo(x(ahead) - cell / 2, y(level));
      context.stroke();
      context.setLineDash([]);
      if (!goesOn && level > 0) {
        context.beginPath();
        context.moveTo(x(at), y(level));
        context.lineTo(x(at), y(level - 1));
        context.stroke();
      }
      context.fillStyle = colours.accent;
      context.fillRect(x(at) - cell / 2, y(level) - cellHeight / 2, cell, cellHeight);
      if (comparison !== undefined) {
        context.beginPath();
        context.arc(x(ahead), y(level), isLast ? 7 : 5, 0, 2 * Math.PI);
        context.fillStyle = goesOn ? colours.key : colours.tag;
        context.fill();
      }
    });
    context.lineCap = 'butt';
  }
}

/** The rank of the drawn tower at a point. */
export function towerAt(towers: Towers, size: Size, px: number, py: number): number | undefined {
  const { floor, levelHeight } = levelGeometry(towers.list.height, size);
  const width = plotWidth(size);
  const lowest = lowestLevel(towers, rankAt(0), rankAt(width), width);
  const ranks = towers.onLevel[lowest];
  const wanted = rankAt(px);
  const i = bisectLeft(ranks, wanted);
  const candidates = [ranks[i - 1], ranks[i], -1].filter((rank) => rank !== undefined);
  const rank = candidates.reduce((a, b) => (Math.abs(a - wanted) <= Math.abs(b - wanted) ? a : b));
  if (Math.abs(rank - wanted) * step.value > Math.max(8, step.value / 2)) return undefined;
  const height = rank === -1 ? towers.list.height : towers.list.heights[rank];
  return py < floor - height * levelHeight - 4 ? undefined : rank;
}
