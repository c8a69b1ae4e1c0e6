/** Records what a search compares. */
import type { Order } from '../order.js';

/** A comparison of an entry of the index with the one searched for: below 0 when the entry of the index comes first. */
export interface Comparison {
  readonly entry: number;
  readonly comparison: number;
}

/** An order that answers as `order` does, and records its comparisons with the entry in `searched`. */
export function recordingOrder(order: Order, searched: DataView): { recorder: Order; comparisons: Comparison[] } {
  const comparisons: Comparison[] = [];
  const recorder: Order = {
    compare(a, aAt, b, bAt) {
      const result = order.compare(a, aAt, b, bAt);
      // Either side may be the one searched for.
      comparisons.push(b === searched ? { entry: aAt, comparison: result } : { entry: bAt, comparison: -result });
      return result;
    },
  };
  if (order.keyStart !== undefined && order.keyLength !== undefined) {
    recorder.keyStart = (...where) => order.keyStart!(...where);
    recorder.keyLength = (...where) => order.keyLength!(...where);
  }
  return { recorder, comparisons };
}
