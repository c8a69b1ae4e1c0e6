import fc from 'fast-check';
import {
  decodeOperations,
  encodeOperations,
  type Operation,
  TARGETS,
  type Write,
} from '../src/page/model/operation.js';
import { sampleEntry, SAMPLES, SAMPLE_ENTRIES } from '../src/page/model/samples.js';
import { Session } from '../src/page/model/session.js';
import { DEFAULTS, type Settings } from '../src/page/model/settings.js';

const write: fc.Arbitrary<Write> = fc.oneof(
  fc.record({ type: fc.constant('put' as const), key: fc.string(), value: fc.string() }),
  fc.record({ type: fc.constant('put' as const), key: fc.string(), value: fc.string(), bytes: fc.nat(9000) }),
  fc.record({ type: fc.constant('del' as const), key: fc.string() }),
);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: write },
  fc.record({ type: fc.constant('batch' as const), writes: fc.array(write, { maxLength: 5 }) }),
  fc.record({
    type: fc.constant('load' as const),
    sample: fc.constantFrom(...SAMPLES),
    ascending: fc.boolean(),
    count: fc.integer({ min: 1, max: 300 }),
  }),
  fc.constant({ type: 'freeze' as const }),
  fc.record({ type: fc.constant('target' as const), mode: fc.constantFrom(...TARGETS) }),
  fc.constantFrom({ type: 'read' as const }, { type: 'accept' as const }, { type: 'fail' as const }),
);

test('operations survive encoding into a URL and decoding', () => {
  fc.assert(
    fc.property(fc.array(operation), (operations) => {
      const parameters = new URLSearchParams({ do: encodeOperations(operations) });
      expect(decodeOperations(new URLSearchParams(parameters.toString()).get('do')!)).toEqual(operations);
    }),
  );
});

test.each(['p', 'p:a', 'q:1', 's:words:x:1', 's:nothing:a:1', 't:maybe', 'd', 'p:a:b:-1', 'f*x', 'b:z', 'f*999999'])(
  'decodeOperations() refuses the operation "%s"',
  (text) => {
    expect(() => decodeOperations(`f~${text}`)).toThrow(`"${text}" is not an operation`);
  },
);

/** The visible state of a session. */
function stateOf(session: Session): unknown {
  const { flush, waiting, lastSequence } = session.stats();
  return {
    lastSequence,
    flushed: flush.flushedEntries,
    waiting: [waiting.writers, waiting.bytes, waiting.reason],
    stored: [...session.stored],
    tables: session
      .tables()
      .map(({ id, table }) => [id, table.state, Buffer.from(usedBytesOf(table)).toString('base64')]),
  };
}

const usedBytesOf = ({ arena: { memory } }: ReturnType<Session['tables']>[number]['table']): Uint8Array =>
  memory.u8.subarray(0, memory.usedBytes);

const SHAPES: Partial<Settings>[] = [
  {},
  { layout: 'compact', index: 'block' },
  { layout: 'compact', index: 'skiplist' },
];

test('a session gives the same bytes for the same operations, and loses no entry whatever its target does', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...SHAPES), fc.array(operation, { maxLength: 25 }), async (shape, operations) => {
      const settings: Settings = { ...DEFAULTS, writeBufferBytes: 8192, ...shape };
      const [first, second] = [new Session(settings), new Session(settings)];
      for (const session of [first, second]) for (const each of operations) await session.perform(each);
      expect(stateOf(second)).toEqual(stateOf(first));
      const { flush, lastSequence } = first.stats();
      const held = first.tables().reduce((sum, { table }) => sum + table.entryCount, 0);
      expect(held + flush.flushedEntries).toBe(lastSequence);
      expect(first.storedEntries).toBe(flush.flushedEntries);
      await first.end();
      await second.end();
    }),
    { numRuns: 40 },
  );
});

test.each(SAMPLES)('the sample %s has 100,000 different keys, in ascending order on request', (sample) => {
  const keys = Array.from({ length: SAMPLE_ENTRIES }, (_, i) => sampleEntry(sample, true, i).key);
  expect(keys.findIndex((key, i) => i > 0 && !(keys[i - 1] < key))).toBe(-1);
  const shuffled = new Set(Array.from({ length: SAMPLE_ENTRIES }, (_, i) => sampleEntry(sample, false, i).key));
  expect(shuffled.size).toBe(SAMPLE_ENTRIES);
  if (sample === 'random') expect([...keys[0], ...sampleEntry(sample, true, 0).value]).toHaveLength(116);
});

test('a target that becomes prompt in the pause after a failed flush accepts the table', async () => {
  const session = new Session(DEFAULTS);
  for (const each of decodeOperations('t:held~p:a:1:~f~x~t:prompt')) await session.perform(each);
  expect(session.storedEntries).toBe(1);
  expect(session.stats().frozen).toHaveLength(0);
});

test('a load that begins while another one is stalled runs after it', async () => {
  const loads = 's:paths:a:200~s:words:a:163';
  const settings: Settings = { ...DEFAULTS, writeBufferBytes: 8192 };
  const [held, prompt] = [new Session(settings), new Session(settings)];
  for (const each of decodeOperations(`t:held~${loads}`)) await held.perform(each);
  expect(held.stats().waiting.writers).toBe(1);
  await held.perform({ type: 'target', mode: 'prompt' });
  for (const each of decodeOperations(loads)) await prompt.perform(each);
  expect(held.stats().lastSequence).toBe(200 + 163);
  expect(stateOf(held)).toEqual(stateOf(prompt));
});
