/** The visible range of entry ranks. Both index drawings place entries by rank. */
import { signal } from '@preact/signals';
import type { Size } from './canvas.js';

/** Pixels between one entry and the next. */
export const step = signal(48);
/** The rank at the left edge, possibly a fraction. The head has rank -1. */
export const left = signal(-1);

const STEP_MAX = 120;
const FIT_STEP_MAX = 96;
/** Free pixels at both sides. */
const PAD = 26;

/** Width of the entries' part of the canvas. The counts of each level are to the right of it. */
export function plotWidth({ width }: Size): number {
  return width - (width < 560 ? 74 : 112);
}

export function xOf(rank: number): number {
  return PAD + (rank - left.value) * step.value;
}

export function rankAt(x: number): number {
  return left.value + (x - PAD) / step.value;
}

/** Zooms so that all entries fit. A few entries are spaced at most FIT_STEP_MAX pixels apart. */
export function fit(count: number, size: Size): void {
  step.value = fittingStep(count, size);
  left.value = -1;
}

export function pan(pixels: number, count: number, size: Size): void {
  left.value = clampLeft(left.value + pixels / step.value, count, size);
}

/** Zooms by a factor; the rank under `x` stays where it is. */
export function zoomBy(factor: number, x: number, count: number, size: Size): void {
  const rank = rankAt(x);
  step.value = Math.min(Math.max(step.value * factor, fittingStep(count, size)), STEP_MAX);
  left.value = clampLeft(rank - (x - PAD) / step.value, count, size);
}

/** Moves the window as little as possible to show these ranks. */
export function reveal(from: number, to: number, count: number, size: Size): void {
  const room = plotWidth(size) - 2 * PAD;
  if ((to - from) * step.value > room) {
    step.value = Math.max(room / (to - from + 1), fittingStep(count, size));
    left.value = clampLeft(from, count, size);
  } else if (from < left.value) left.value = clampLeft(from, count, size);
  else if (xOf(to) > PAD + room) left.value = clampLeft(to - room / step.value, count, size);
}

function fittingStep(count: number, size: Size): number {
  return Math.min(FIT_STEP_MAX, (plotWidth(size) - 2 * PAD) / (count + 1));
}

function clampLeft(value: number, count: number, size: Size): number {
  return Math.max(-1, Math.min(value, count - (plotWidth(size) - 2 * PAD) / step.value));
}
