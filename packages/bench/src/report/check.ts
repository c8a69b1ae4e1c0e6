import { OURS } from '../contenders/index.js';
import { type Operation, OPERATIONS } from '../operations.js';
import type { Results } from './results.js';

/** A ratio that falls by more than this share is a regression. */
const FALL_MAX = 0.25;

export interface Comparison {
  readonly dataSet: string;
  readonly contender: string;
  readonly operation: Operation;
  readonly before: number;
  readonly now: number;
}

/** Pairs the ratios that occur in both results. */
export function compare(before: Results, now: Results): Comparison[] {
  return now.dataSets.flatMap(({ name: dataSet, contenders }) => {
    const others = before.dataSets.find(({ name }) => name === dataSet)?.contenders ?? [];
    return contenders.flatMap(({ name: contender, speeds }) => {
      const other = others.find(({ name }) => name === contender);
      if (contender === OURS || other === undefined) return [];
      return OPERATIONS.flatMap((operation) => {
        const ratio = speeds[operation]?.ratio;
        const ratioBefore = other.speeds[operation]?.ratio;
        if (ratio === undefined || ratioBefore === undefined) return [];
        return [{ dataSet, contender, operation, before: ratioBefore, now: ratio }];
      });
    });
  });
}

export function hasFallen({ before, now }: Comparison): boolean {
  return now < before * (1 - FALL_MAX);
}

export function describeFall({ dataSet, contender, operation, before, now }: Comparison): string {
  const percent = Math.round(100 * (1 - now / before));
  const ratios = `${now.toPrecision(3)} times ${contender}, was ${before.toPrecision(3)}`;
  return `${dataSet} ${operation}: ${ratios} (${percent} % less)`;
}
