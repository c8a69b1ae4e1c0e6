import { Chunk } from './chunk.js';
import type { Contender, ContenderKind } from './contenders/contender.js';
import type { DataSet } from './data-set.js';
import { ContentDigest } from './digest.js';
import { Input } from './inputs.js';
import { load } from './load.js';
import { entriesOf, isMeasured, measure, MIXED_VERSION, OPERATIONS, OVERWRITE_VERSION } from './operations.js';

const ENTRIES_MAX = 10_000;

/**
 * Runs all operations on a small data set. Compares the ordered content with the expected content, after the inserts
 * and after all changes. This also warms up the code.
 * @param open - opens an empty store for an input
 * @returns both digests
 * @throws Error if the content is wrong
 */
export async function prove(
  kind: ContenderKind,
  dataSet: DataSet,
  open: (input: Input) => Contender | Promise<Contender>,
): Promise<string[]> {
  const small = { ...dataSet, entries: Math.min(dataSet.entries, ENTRIES_MAX) };
  const input = new Input(small);
  const chunk = new Chunk(kind, small);
  const contender = await open(input);
  const changes = contender.remove !== undefined;
  const found: string[] = [];
  await load(contender, input, chunk);
  found.push(await digestOf(contender));
  for (const operation of OPERATIONS) {
    if (isMeasured(operation)) await measure(operation, contender, input, chunk);
  }
  if (changes) found.push(await digestOf(contender));
  await contender.close();
  const expected = expectedDigests(input, changes);
  if (found.join() !== expected.join()) {
    throw new Error(
      `${kind.name} has the wrong content: ${found.join(', then ')}; expected ${expected.join(', then ')}`,
    );
  }
  return found;
}

async function digestOf(contender: Contender): Promise<string> {
  const digest = new ContentDigest();
  const done = contender.digest(digest);
  if (done !== undefined) await done;
  return digest.end();
}

/** Computes the digests from the inputs alone. */
function expectedDigests(input: Input, changes: boolean): string[] {
  const sorted = input.sorted();
  const versions = new Uint8Array(sorted.length);
  const loaded = new ContentDigest();
  for (const entry of sorted) loaded.add(input.key(entry), input.value(entry, 0));
  if (!changes) return [loaded.end()];
  for (const entry of entriesOf('overwrite', input.dataSet)) versions[entry] = OVERWRITE_VERSION;
  entriesOf('mixed', input.dataSet).forEach((entry, i) => {
    if (i % 2 === 1) versions[entry] = MIXED_VERSION;
  });
  const deleted = new Set(entriesOf('delete-half', input.dataSet));
  const changed = new ContentDigest();
  for (const entry of sorted) {
    if (!deleted.has(entry)) changed.add(input.key(entry), input.value(entry, versions[entry]));
  }
  return [loaded.end(), changed.end()];
}
