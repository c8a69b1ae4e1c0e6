import fc from 'fast-check';
import type { Range } from '../contract.js';

/** Ranges with any of the options of abstract-level, empty ranges included. @param key - keys for their bounds */
export function ranges(key: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Range> {
  const lower = fc.oneof(fc.constant({}), fc.record({ gt: key }), fc.record({ gte: key }));
  const upper = fc.oneof(fc.constant({}), fc.record({ lt: key }), fc.record({ lte: key }));
  const direction = fc.record({ reverse: fc.boolean(), limit: fc.nat(5) }, { requiredKeys: [] });
  return fc.tuple(lower, upper, direction).map((parts) => Object.assign({}, ...parts) as Range);
}
