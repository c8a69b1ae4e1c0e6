/** The index view: towers and links, or blocks and slots, and the steps of a search through them. */
import type { BlockStep, MemTableInspection, SearchTrace, TowerStep } from '@memtable/memtable/inspect';
import { computed, signal } from '@preact/signals';
import { useCallback, useEffect, useRef } from 'preact/hooks';
import {
  hoveredAddress,
  inspection,
  search,
  selectedAddress,
  selectedPiece,
  shownBuffer,
  trace,
} from '../model/lab.js';
import { allocationOf, rankOf } from '../model/pieces.js';
import { AllocationTip, keyText, select } from './allocation.js';
import { byteCount, count } from './bytes.js';
import { Canvas, type Pointer, type Size } from './canvas.js';
import { blockAt, type BlockPlaces, blockPlacesOf, drawBlocks } from './draw-blocks.js';
import { drawTowers, towerAt, type Towers, towersOf } from './draw-towers.js';
import { palette } from './palette.js';
import { fit, pan, reveal, zoomBy } from './ranks.js';
import { ZoomButtons } from './zoom-buttons.js';

const ZOOM_STEP = 1.6;
const size = signal<Size>({ width: 0, height: 0 });
const pointer = signal<Pointer | undefined>(undefined);

const shape = computed<Towers | BlockPlaces | undefined>(() => {
  const index = inspection.value?.index;
  if (index === undefined) return undefined;
  return index.kind === 'skiplist' ? towersOf(index) : blockPlacesOf(index);
});

const entryCount = computed(() => inspection.value?.index.entryCount ?? 0);

/** The search up to the shown step. */
const shownTrace = computed<SearchTrace | undefined>(() => {
  const whole = trace.value;
  if (whole === undefined) return undefined;
  const steps = whole.steps.slice(0, search.value!.step + 1);
  return { ...whole, steps } as SearchTrace;
});

export function ListView(): preact.JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const index = inspection.value?.index;
  const total = entryCount.value;
  const { width } = size.value;

  // Fit all entries at first, and again when the index changes.
  const fitted = useRef('');
  const what = `${index?.kind} ${total} ${width > 0}`;
  useEffect(() => {
    if (width === 0 || fitted.current === what) return;
    fitted.current = what;
    fit(total, size.value);
    const rank = selectedRank();
    if (rank !== undefined) reveal(rank, rank, total, size.value);
  }, [what]);

  const selected = selectedPiece.value;
  useEffect(() => {
    const rank = selectedRank();
    if (rank !== undefined && width > 0) reveal(rank, rank, total, size.value);
  }, [selected]);

  // Added by hand, because a listener of the framework is passive and cannot stop the page from scrolling.
  useEffect(() => {
    const element = box.current!;
    const onWheel = (event: WheelEvent): void => {
      event.preventDefault();
      const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey;
      if (sideways) pan(event.deltaX || event.deltaY, entryCount.value, size.value);
      else zoomBy(Math.exp(-event.deltaY / 300), event.offsetX, entryCount.value, size.value);
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  }, []);

  const drag = useRef<{ x: number; moved: boolean } | undefined>(undefined);
  const onDown = useCallback((event: PointerEvent) => {
    drag.current = { x: event.clientX, moved: false };
    box.current!.setPointerCapture(event.pointerId);
  }, []);
  const onMove = useCallback((event: PointerEvent) => {
    if (drag.current !== undefined) {
      const by = drag.current.x - event.clientX;
      if (Math.abs(by) > 3) drag.current.moved = true;
      if (!drag.current.moved) return;
      drag.current.x = event.clientX;
      pan(by, entryCount.value, size.value);
      pointer.value = undefined;
      return;
    }
    const at = addressUnder(event);
    hoveredAddress.value = at;
    pointer.value = at === undefined ? undefined : { x: event.clientX, y: event.clientY };
  }, []);
  const onUp = useCallback((event: PointerEvent) => {
    if (drag.current?.moved === false) selectedAddress.value = addressUnder(event);
    drag.current = undefined;
  }, []);
  const onLeave = useCallback(() => {
    pointer.value = undefined;
    hoveredAddress.value = undefined;
  }, []);

  return (
    <section class="view" aria-labelledby="list-title">
      <div class="view-head">
        <h2 id="list-title" class="visually-hidden">
          {index?.kind === 'block' ? 'Block list' : 'Skip list'}
        </h2>
        <p class="hint">
          {index?.kind === 'block'
            ? 'Each level lists the blocks of the level below. Drag to move; wheel or + and − to zoom.'
            : 'Keys go from left to right, levels from bottom to top. Drag to move; wheel or + and − to zoom.'}
        </p>
        <ZoomButtons onZoom={(direction) => zoomBy(ZOOM_STEP ** direction, width / 2, total, size.value)}>
          <button type="button" onClick={() => fit(total, size.value)}>
            Fit
          </button>
        </ZoomButtons>
      </div>
      <div
        ref={box}
        class="plot"
        id="plot"
        tabIndex={0}
        role="group"
        aria-label={
          index === undefined ? 'The index' : `The index: ${count(index.entryCount)} entries on ${index.height} levels`
        }
        onPointerDown={onDown}
        onPointerMove={onMove}
        onPointerUp={onUp}
        onPointerLeave={onLeave}
        onKeyDown={onKey}
      >
        <Canvas draw={draw} size={size} />
      </div>
      <SearchPanel />
      {pointer.value !== undefined && <AllocationTip at={pointer.value} />}
    </section>
  );
}

/** Rank of the selected entry or tower. */
function selectedRank(): number | undefined {
  const seen = inspection.value;
  const piece = selectedPiece.value;
  if (seen === undefined || piece === undefined) return undefined;
  const rank = rankOf(seen, piece);
  return rank === -1 ? undefined : rank;
}

/** The address of the tower, block or entry under the pointer. */
function addressUnder(event: PointerEvent): number | undefined {
  const seen = inspection.value;
  const drawn = shape.value;
  if (seen === undefined || drawn === undefined) return undefined;
  if ('starts' in drawn) return blockAt(drawn, size.value, event.offsetX, event.offsetY);
  const rank = towerAt(drawn, size.value, event.offsetX, event.offsetY);
  if (rank === undefined) return undefined;
  return rank === -1 ? drawn.list.head.towerAddress : seen.entries.addresses[rank];
}

/** The left and right arrows move between entries; with shift they move the window. */
function onKey(event: KeyboardEvent): void {
  const seen = inspection.value;
  if (seen === undefined) return;
  const { width } = size.value;
  const total = entryCount.value;
  const direction = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
  if (direction !== 0 && event.shiftKey) pan((direction * width) / 3, total, size.value);
  else if (direction !== 0) {
    const rank = Math.min(Math.max((selectedRank() ?? -1) + direction, 0), total - 1);
    if (rank < 0) return;
    select(seen.entries.addresses[rank]);
  } else if (event.key === '+' || event.key === '=') zoomBy(ZOOM_STEP, width / 2, total, size.value);
  else if (event.key === '-') zoomBy(1 / ZOOM_STEP, width / 2, total, size.value);
  else if (event.key === '0') fit(total, size.value);
  else return;
  event.preventDefault();
}

function draw(context: CanvasRenderingContext2D, size: Size): void {
  const seen = inspection.value;
  const drawn = shape.value;
  if (seen === undefined || drawn === undefined) return;
  const found = shownTrace.value;
  const piece = selectedPiece.value;
  if ('starts' in drawn) {
    const selected = piece === undefined ? undefined : allocationOf(seen, piece).address;
    const blockTrace = found?.kind === 'block' ? found : undefined;
    drawBlocks(
      context,
      size,
      palette.value,
      seen,
      shownBuffer.value,
      drawn,
      blockTrace,
      selected,
      hoveredAddress.value,
    );
    return;
  }
  const hovered = hoveredAddress.value;
  let hoveredRank: number | undefined;
  if (hovered === drawn.list.head.towerAddress) hoveredRank = -1;
  else if (hovered !== undefined) {
    const rank = seen.entries.addresses.indexOf(hovered);
    if (rank !== -1) hoveredRank = rank;
  }
  const towerTrace = found?.kind === 'skiplist' ? found : undefined;
  drawTowers(context, size, palette.value, seen, shownBuffer.value, drawn, towerTrace, selectedRank(), hoveredRank);
}

let timer: ReturnType<typeof setTimeout> | undefined;
const STEP_MS = 700;

function showStep(to: number): void {
  const steps = trace.value?.steps.length ?? 0;
  const at = Math.min(Math.max(to, 0), steps - 1);
  search.value = { ...search.value!, step: at };
  revealStep(at);
}

/** Scrolls both ends of the link of a step into view. */
function revealStep(at: number): void {
  const drawn = shape.value;
  const found = trace.value;
  if (drawn === undefined || found?.kind !== 'skiplist' || 'starts' in drawn || found.steps.length === 0) return;
  const { node, next } = found.steps[at];
  const from = drawn.rankOfNode.get(node)!;
  const to = next === 0 ? drawn.list.entryCount : drawn.rankOfNode.get(next)!;
  reveal(from, to, drawn.list.entryCount, size.value);
}

function play(): void {
  clearTimeout(timer);
  const advance = (): void => {
    const steps = trace.value?.steps.length ?? 0;
    if (search.value === undefined || search.value.step >= steps - 1) return;
    showStep(search.value.step + 1);
    timer = setTimeout(advance, STEP_MS);
  };
  timer = setTimeout(advance, STEP_MS);
}

function SearchPanel(): preact.JSX.Element {
  const list = useRef<HTMLOListElement>(null);
  const shownStep = search.value?.step;
  useEffect(() => {
    if (list.current !== null) list.current.scrollTop = list.current.scrollHeight;
  }, [shownStep]);
  const seen = inspection.value;
  const found = trace.value;
  const at = Math.min(search.value?.step ?? 0, (found?.steps.length ?? 1) - 1);
  return (
    <div class="search">
      <form
        class="inline"
        onSubmit={(event) => {
          event.preventDefault();
          const key = new FormData(event.currentTarget).get('key') as string;
          search.value = { key, step: 0 };
          revealStep(0);
          if (matchMedia('(prefers-reduced-motion: reduce)').matches) showStep(Infinity);
          else play();
        }}
      >
        <label>
          Search for a key
          <input
            name="key"
            autocomplete="off"
            spellcheck={false}
            placeholder="cherry"
            defaultValue={search.value?.key}
          />
        </label>
        <button type="submit" class="primary" disabled={seen?.customOrder !== false}>
          Search
        </button>
        {found !== undefined && (
          <>
            <button type="button" disabled={at <= 0} onClick={() => (clearTimeout(timer), showStep(at - 1))}>
              Back
            </button>
            <button
              type="button"
              disabled={at >= found.steps.length - 1}
              onClick={() => (clearTimeout(timer), showStep(at + 1))}
            >
              Next
            </button>
            <button type="button" onClick={() => (clearTimeout(timer), (search.value = undefined))}>
              Clear
            </button>
          </>
        )}
      </form>
      {seen !== undefined && found !== undefined && (
        <ol ref={list} class="steps" id="search-steps" tabIndex={0} aria-label="Steps of the search" aria-live="polite">
          {found.kind === 'block' && found.steps.length === 0 && (
            <li>
              {found.outside.length > 0 && `Compared with ${keyAt(seen, found.outside[0].entry)}: `}the key lacks the
              prefix that all keys share, so it sorts{' '}
              {(found.outside[0]?.comparison ?? 0) > 0 ? 'before the first' : 'after the last'}.
            </li>
          )}
          {found.steps.slice(0, at + 1).map((each, i) => (
            <li key={i} aria-current={i === at ? 'step' : undefined}>
              {found.kind === 'skiplist' ? towerLine(seen, each as TowerStep) : blockLine(seen, each as BlockStep)}
            </li>
          ))}
          {at >= found.steps.length - 1 && (
            <li class="found">
              {found.found === 0
                ? 'End of the list: no key is equal or greater.'
                : `Arrived at ${keyAt(seen, found.found)}, sequence ${sequenceAt(seen, found.found)}.`}
            </li>
          )}
        </ol>
      )}
    </div>
  );
}

function rankAt({ entries }: MemTableInspection, entry: number): number {
  return entries.addresses.indexOf(entry);
}

function keyAt(seen: MemTableInspection, entry: number): string {
  return `"${keyText(seen, shownBuffer.value, rankAt(seen, entry), 24)}"`;
}

function sequenceAt(seen: MemTableInspection, entry: number): number {
  return seen.entries.sequences[rankAt(seen, entry)];
}

function towerLine(seen: MemTableInspection, { level, next, comparison }: TowerStep): string {
  const down = level === 0 ? 'stop' : 'down';
  if (next === 0) return `Level ${level}: end of this level, ${down}`;
  const { index } = seen;
  const entry = index.kind === 'skiplist' ? index.entries[index.nodes.indexOf(next)] : 0;
  if (comparison === undefined) return `Level ${level}: ${keyAt(seen, entry)} is known not to be smaller, ${down}`;
  return comparison < 0
    ? `Level ${level}: ${keyAt(seen, entry)} is smaller, move to it`
    : `Level ${level}: ${keyAt(seen, entry)} is not smaller, ${down}`;
}

function blockLine(seen: MemTableInspection, { level, slot, prefixBytes, head, comparisons }: BlockStep): string {
  const prefix = prefixBytes === 0 ? '' : ` after ${byteCount(prefixBytes)} of prefix`;
  const shown = head === undefined ? '' : `head ${hexHead(head)}${prefix}; `;
  const whole =
    comparisons.length === 0
      ? 'no entry is read'
      : `equal heads, so the key is compared with ${comparisons.map(({ entry }) => keyAt(seen, entry)).join(', ')}`;
  return `Level ${level}: ${shown}${whole}; ${level === 0 ? `slot ${slot}` : `down from slot ${slot}`}`;
}

/** A head as hexadecimal text. Heads are stored with the sign bit inverted. */
function hexHead(head: number): string {
  return ((head ^ 0x80000000) >>> 0).toString(16).padStart(8, '0');
}
