import { median } from 'simple-statistics';
import { oursOf } from '../contenders/index.js';
import { type Operation, OPERATIONS } from '../operations.js';
import type { Results, Speed } from './results.js';

/** A ratio that falls by more than this share is a regression. */
const FALL_MAX = 0.25;

export interface Comparison {
  readonly dataSet: string;
  readonly contender: string;
  readonly operation: Operation;
  readonly before: number;
  readonly now: number;
  /** Half the distance between the smallest and the largest ratio of the rounds, as a share of the median. */
  readonly noiseBefore: number | undefined;
  readonly noiseNow: number | undefined;
}

/** Pairs the ratios that occur in both results. */
export function compare(before: Results, now: Results): Comparison[] {
  return now.dataSets.flatMap(({ name: dataSet, dataSet: { values }, contenders }) => {
    const others = before.dataSets.find(({ name }) => name === dataSet)?.contenders ?? [];
    return contenders.flatMap(({ name: contender, speeds }) => {
      const other = others.find(({ name }) => name === contender);
      if (contender === oursOf({ values }) || other === undefined) return [];
      return OPERATIONS.flatMap((operation) => {
        const speed = speeds[operation];
        const speedBefore = other.speeds[operation];
        if (speed?.ratio === undefined || speedBefore?.ratio === undefined) return [];
        const noise = { noiseBefore: noiseOf(speedBefore), noiseNow: noiseOf(speed) };
        return [{ dataSet, contender, operation, before: speedBefore.ratio, now: speed.ratio, ...noise }];
      });
    });
  });
}

export function hasFallen({ before, now }: Comparison): boolean {
  return now < before * (1 - FALL_MAX);
}

export function describeFall({
  dataSet,
  contender,
  operation,
  before,
  now,
  noiseBefore,
  noiseNow,
}: Comparison): string {
  const percent = Math.round(100 * (1 - now / before));
  const ratios = `${now.toPrecision(3)} times ${contender}${shareOf(noiseNow)}, was ${before.toPrecision(3)}`;
  return `${dataSet} ${operation}: ${ratios}${shareOf(noiseBefore)} (${percent} % less)`;
}

/** The noise of all ratios, in both runs: a fall that is no larger says nothing. */
export function describeNoise(compared: readonly Comparison[]): string {
  const now = noiseOfAll(compared.flatMap(({ noiseNow }) => noiseNow ?? []));
  const before = noiseOfAll(compared.flatMap(({ noiseBefore }) => noiseBefore ?? []));
  return `noise, half the spread of a ratio over the rounds: ${now}; in the earlier run ${before}`;
}

function noiseOfAll(shares: readonly number[]): string {
  if (shares.length === 0) return 'unknown, as each case ran once';
  return `median ±${percentOf(median([...shares]))} %, largest ±${percentOf(Math.max(...shares))} %`;
}

function noiseOf({ ratio, ratioMin, ratioMax }: Speed): number | undefined {
  if (ratio === undefined || ratioMin === undefined || ratioMax === undefined || ratioMin === ratioMax)
    return undefined;
  return (ratioMax - ratioMin) / (2 * ratio);
}

function shareOf(noise: number | undefined): string {
  return noise === undefined ? '' : ` ±${percentOf(noise)} %`;
}

function percentOf(share: number): number {
  return Math.ceil(100 * share);
}
