/** The memory view: the arena to scale, each byte in the colour of its kind. */
import type { MemTableInspection, PieceKind } from '@memtable/memtable/inspect';
import { computed, signal, useComputed } from '@preact/signals';
import { bisectRight } from 'd3-array';
import { useCallback, useEffect, useRef } from 'preact/hooks';
import { hoveredAddress, hoveredPiece, inspection, selectedPiece, shownBuffer } from '../model/lab.js';
import { type Allocation, allocationOf, kindOf, linkTargetAt } from '../model/pieces.js';
import { AllocationTip, select } from './allocation.js';
import { byteCount, textOf } from './bytes.js';
import { Canvas, type Pointer, type Size } from './canvas.js';
import { addressAt, layOut, placeOf, ZOOMS } from './memory-layout.js';
import { hatch, KIND_COLOURS, palette } from './palette.js';
import { ZoomButtons } from './zoom-buttons.js';

/** The zoom chosen by the user; undefined fits the view. */
const zoom = signal<number | undefined>(undefined);
const size = signal<Size>({ width: 0, height: 0 });
const scrollTop = signal(0);
const pointer = signal<Pointer | undefined>(undefined);

const layout = computed(() => {
  const seen = inspection.value;
  return seen === undefined || size.value.width < 100 ? undefined : layOut(seen, size.value, zoom.value);
});

export function MemoryView(): preact.JSX.Element {
  const scroller = useRef<HTMLDivElement>(null);
  const height = useComputed(() => layout.value?.height ?? 0);

  // Scroll a newly selected piece into view.
  const selected = selectedPiece.value;
  const laidOut = layout.value;
  useEffect(() => {
    const seen = inspection.peek();
    if (selected === undefined || seen === undefined || laidOut === undefined) return;
    const place = placeOf(laidOut, seen.pieces.addresses[selected]);
    const box = scroller.current!;
    if (place === undefined) return;
    if (place.y < box.scrollTop || place.y + laidOut.rowHeight > box.scrollTop + box.clientHeight) {
      box.scrollTop = place.y - box.clientHeight / 2;
    }
  }, [selected, laidOut]);

  const onMove = useCallback((event: PointerEvent) => {
    const box = scroller.current!.getBoundingClientRect();
    const at = layout.value && addressAt(layout.value, event.clientX - box.x, event.clientY - box.y + scrollTop.value);
    hoveredAddress.value = at;
    pointer.value = at === undefined ? undefined : { x: event.clientX, y: event.clientY };
    const seen = inspection.value;
    const piece = hoveredPiece.value;
    const link = at !== undefined && piece !== undefined && seen && linkTargetAt(seen, piece, at) !== undefined;
    scroller.current!.style.cursor = link ? 'pointer' : 'default';
  }, []);

  const onLeave = useCallback(() => {
    hoveredAddress.value = undefined;
    pointer.value = undefined;
  }, []);

  const onClick = useCallback((event: MouseEvent) => {
    const box = scroller.current!.getBoundingClientRect();
    const at = layout.value && addressAt(layout.value, event.clientX - box.x, event.clientY - box.y + scrollTop.value);
    if (at !== undefined) followOrSelect(at);
  }, []);

  return (
    <section class="view" aria-labelledby="memory-title">
      <div class="view-head">
        <h2 id="memory-title" class="visually-hidden">
          Memory
        </h2>
        <p class="hint">
          Blocks to scale. Point at a byte to see what it is, or click a link in a tower to follow it. Arrow keys move
          between allocations.
        </p>
        <MemoryZoom />
      </div>
      <Legend />
      <div
        ref={scroller}
        class="strip"
        id="strip"
        tabIndex={0}
        role="group"
        aria-label="The arena's memory, block by block"
        aria-describedby="strip-summary"
        onScroll={(event) => (scrollTop.value = event.currentTarget.scrollTop)}
        onPointerMove={onMove}
        onPointerLeave={onLeave}
        onClick={onClick}
        onKeyDown={onKey}
      >
        <div class="strip-canvas">
          <Canvas draw={draw} size={size} />
        </div>
        <div class="strip-space" style={{ height: `${height.value}px` }} />
      </div>
      <p id="strip-summary" class="visually-hidden">
        {inspection.value && summaryOf(inspection.value)}
      </p>
      {pointer.value !== undefined && <AllocationTip at={pointer.value} />}
    </section>
  );
}

function summaryOf({ arena, stats }: MemTableInspection): string {
  const { regularCount, dedicatedCount, memoryUsage, tailBytes, slopBytes } = arena.stats;
  return (
    `${regularCount} regular and ${dedicatedCount} dedicated blocks, ${byteCount(memoryUsage)} in all, ` +
    `${byteCount(tailBytes)} lost in tails of blocks, ${byteCount(slopBytes)} of slop, ${stats.entryCount} entries`
  );
}

function MemoryZoom(): preact.JSX.Element {
  const shown = layout.value?.zoom ?? 1;
  const place = ZOOMS.indexOf(shown);
  return (
    <ZoomButtons disabled={[place === 0, place === ZOOMS.length - 1]} onZoom={changeZoom}>
      <output aria-label="Zoom">{shown}×</output>
    </ZoomButtons>
  );
}

const LEGEND: readonly (readonly [PieceKind, string])[] = [
  ['tower', 'tower'],
  ['index block', 'index block'],
  ['key', 'key'],
  ['tag', 'tag'],
  ['value', 'value'],
  ['key length', 'lengths'],
  ['header', 'header'],
  ['tail', 'waste'],
  ['free', 'free'],
];

function Legend(): preact.JSX.Element {
  const block = inspection.value?.index.kind === 'block';
  return (
    <ul class="legend" aria-label="Colours">
      {LEGEND.filter(([kind]) => kind !== (block ? 'tower' : 'index block')).map(([kind, name]) => (
        <li key={kind}>
          <span class={`swatch ${KIND_COLOURS[kind]}`} />
          {name}
        </li>
      ))}
    </ul>
  );
}

function changeZoom(by: number): void {
  const place = ZOOMS.indexOf(layout.value?.zoom ?? 1) + by;
  zoom.value = ZOOMS[Math.min(Math.max(place, 0), ZOOMS.length - 1)];
}

function followOrSelect(address: number): void {
  const seen = inspection.value;
  if (seen === undefined) return;
  hoveredAddress.value = address;
  const piece = hoveredPiece.value;
  const target = piece === undefined ? undefined : linkTargetAt(seen, piece, address);
  select(target ?? address);
}

/** Left and right arrows move between allocations, Enter follows the lowest link, plus and minus zoom. */
function onKey(event: KeyboardEvent): void {
  const seen = inspection.value;
  if (seen === undefined) return;
  const piece = selectedPiece.value ?? 0;
  const allocation = allocationOf(seen, piece);
  if (event.key === 'ArrowRight') select(Math.min(allocation.address + allocation.bytes, seen.arena.usedBytes - 1));
  else if (event.key === 'ArrowLeft') {
    if (allocation.address === 0) return;
    select(allocationOf(seen, pieceBefore(seen, allocation)).address);
  } else if (event.key === 'Enter') {
    const { index } = seen;
    if (kindOf(seen, piece) !== 'tower' || index.kind !== 'skiplist') return;
    // The lowest link follows the entry's address in LevelDB's towers, and is last in compact ones.
    const at = index.layout === 'leveldb' ? allocation.address + 8 : allocation.address + allocation.bytes - 4;
    followOrSelect(at);
  } else if (event.key === '+' || event.key === '=') changeZoom(1);
  else if (event.key === '-') changeZoom(-1);
  else return;
  event.preventDefault();
}

function pieceBefore({ pieces }: MemTableInspection, { address }: Allocation): number {
  return bisectRight(pieces.addresses, address) - 2;
}

const LABEL_WIDTH_MIN = 24;

/** A label for a piece, and a colour that is legible on it. */
function labelOf(seen: MemTableInspection, piece: number): readonly [string, 'surface' | 'text' | 'muted'] | undefined {
  const { entries, pieces } = seen;
  const rank = pieces.owners[piece];
  const u8 = new Uint8Array(shownBuffer.value);
  switch (kindOf(seen, piece)) {
    case 'superblock':
      return ['superblock', 'surface'];
    case 'tower':
      return [rank === -1 ? 'head' : 'tower', 'surface'];
    case 'index block':
      return ['index block', 'surface'];
    case 'key':
      return [
        textOf(u8.subarray(entries.keyStarts[rank], entries.keyStarts[rank] + entries.keyBytes[rank])),
        'surface',
      ];
    case 'value': {
      const start = entries.valueStarts[rank];
      return [textOf(u8.subarray(start, start + entries.valueBytes[rank]), 24), 'text'];
    }
    case 'spare':
      return ['spare', 'muted'];
    case 'free':
      return ['free', 'muted'];
    default:
      return undefined;
  }
}

function draw(context: CanvasRenderingContext2D, { height }: Size): void {
  const seen = inspection.value;
  const laidOut = layout.value;
  if (seen === undefined || laidOut === undefined) return;
  const colours = palette.value;
  const top = scrollTop.value;
  const { pieces } = seen;
  const { pixelsPerByte, rowHeight } = laidOut;
  const selected = selectedPiece.value === undefined ? undefined : allocationOf(seen, selectedPiece.value);
  const hovered = hoveredPiece.value === undefined ? undefined : allocationOf(seen, hoveredPiece.value);
  const waste = hatch(context, colours.waste, colours.surface);
  const paints = Object.entries(KIND_COLOURS).map(([, name]) => (name === 'waste' ? waste : colours[name]));
  context.font = '11px ui-monospace, monospace';
  context.textBaseline = 'middle';
  context.textAlign = 'right';

  for (const [laneIndex, lane] of laidOut.lanes.entries()) {
    const first = Math.max(bisectRight(lane.tops, top - rowHeight) - 1, 0);
    for (let row = first; row < lane.tops.length && lane.tops[row] < top + height; row++) {
      const y = lane.tops[row] - top;
      const [start, end] = [lane.starts[row], lane.ends[row]];
      if (row === 0 || lane.blocks[row] !== lane.blocks[row - 1]) {
        context.fillStyle = colours.muted;
        context.fillText(lane.blocks[row] === -1 ? 'S' : `${lane.blocks[row] + 1}`, lane.x - 8, y + rowHeight / 2 + 1);
      }
      for (
        let piece = bisectRight(pieces.addresses, start) - 1;
        piece < pieces.addresses.length && pieces.addresses[piece] < end;
        piece++
      ) {
        const from = Math.max(pieces.addresses[piece], start);
        const to = Math.min(pieces.addresses[piece] + pieces.bytes[piece], end);
        context.fillStyle = paints[pieces.kinds[piece]];
        const x = lane.x + (from - start) * pixelsPerByte;
        const width = (to - from) * pixelsPerByte;
        // A thin gap separates allocations if there is room.
        const gap = width > 5 && to === pieces.addresses[piece] + pieces.bytes[piece] ? 0.75 : 0;
        context.fillRect(x, y, width - gap, rowHeight);
        if (rowHeight >= 30 && width > LABEL_WIDTH_MIN) drawLabel(piece, x, y, width);
      }
      context.strokeStyle = colours.line;
      context.lineWidth = 1;
      context.strokeRect(lane.x + 0.5, y + 0.5, (end - start) * pixelsPerByte - 1, rowHeight - 1);
      outline(hovered, colours.text, 1.5, laneIndex, row);
      outline(selected, colours.accent, 3, laneIndex, row);
    }
  }

  /** Draws the label of a piece if it fits. */
  function drawLabel(piece: number, x: number, y: number, width: number): void {
    const label = labelOf(seen!, piece);
    if (label === undefined) return;
    const [text, colour] = label;
    if (context.measureText(text).width > width - 8) return;
    context.textAlign = 'left';
    context.fillStyle = colours[colour];
    context.fillText(text, x + 5, y + rowHeight / 2 + 1);
    context.textAlign = 'right';
  }

  function outline(what: Allocation | undefined, colour: string, lineWidth: number, lane: number, row: number): void {
    if (what === undefined) return;
    const { x, starts, ends, tops } = laidOut!.lanes[lane];
    const from = Math.max(what.address, starts[row]);
    const to = Math.min(what.address + what.bytes, ends[row]);
    if (from >= to) return;
    context.strokeStyle = colour;
    context.lineWidth = lineWidth;
    const left = x + (from - starts[row]) * pixelsPerByte;
    const width = Math.max((to - from) * pixelsPerByte, 2);
    context.strokeRect(left - 1.5, tops[row] - top - 1.5, width + 3, rowHeight + 3);
  }
}
