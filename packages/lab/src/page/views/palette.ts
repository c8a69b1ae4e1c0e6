/** The colours of the style sheet, for canvas drawings. */
import type { PieceKind } from '@memtable/memtable/inspect';
import { computed, effect, signal } from '@preact/signals';
import { theme } from '../model/lab.js';

const prefersDark = matchMedia('(prefers-color-scheme: dark)');
const systemDark = signal(prefersDark.matches);
prefersDark.addEventListener('change', () => (systemDark.value = prefersDark.matches));

export const isDark = computed(() => (theme.value === undefined ? systemDark.value : theme.value === 'dark'));

const NAMES = [
  'surface',
  'line',
  'text',
  'muted',
  'accent',
  'tower',
  'key',
  'tag',
  'value',
  'length',
  'header',
  'waste',
  'free',
] as const;
export type Palette = Record<(typeof NAMES)[number], string>;

effect(() => {
  document.documentElement.dataset['theme'] = isDark.value ? 'dark' : 'light';
});

export const palette = computed<Palette>(() => {
  // The style sheet's values depend on the theme, so set it before reading them.
  document.documentElement.dataset['theme'] = isDark.value ? 'dark' : 'light';
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as Palette;
});

/** The colour of each kind of piece. Slop and tails are hatched. */
export const KIND_COLOURS: Record<PieceKind, keyof Palette> = {
  superblock: 'header',
  header: 'header',
  tower: 'tower',
  'index block': 'tower',
  spare: 'free',
  'key length': 'length',
  key: 'key',
  tag: 'tag',
  'value length': 'length',
  value: 'value',
  slop: 'waste',
  tail: 'waste',
  free: 'free',
  gap: 'line',
};

const hatches = new Map<string, CanvasPattern>();

/** A pattern of slanted lines. */
export function hatch(context: CanvasRenderingContext2D, colour: string, ground: string): CanvasPattern {
  const name = `${colour} ${ground}`;
  let pattern = hatches.get(name);
  if (pattern === undefined) {
    const tile = new OffscreenCanvas(8, 8);
    const pen = tile.getContext('2d')!;
    pen.fillStyle = ground;
    pen.fillRect(0, 0, 8, 8);
    pen.strokeStyle = colour;
    pen.lineWidth = 1.6;
    for (const x of [-8, 0, 8]) {
      pen.beginPath();
      pen.moveTo(x - 1, 9);
      pen.lineTo(x + 9, -1);
      pen.stroke();
    }
    pattern = context.createPattern(tile, 'repeat')!;
    hatches.set(name, pattern);
  }
  return pattern;
}
