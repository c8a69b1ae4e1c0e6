import { dataSet } from '../data-set.js';
import { Input } from '../inputs.js';

const ENTRIES = 10_000;

/** Ten thousand entries of the scenario `main` as arrays, in insertion order. */
export function tableInput(): { keys: Buffer[]; values: Buffer[] } {
  const input = new Input(dataSet('main', ENTRIES));
  const order = [...input.order];
  return {
    keys: order.map((entry) => Buffer.from(input.key(entry))),
    values: order.map((entry) => Buffer.from(input.value(entry, 0))),
  };
}
