import { readBesideWriter } from './read-beside-writer.js';

test.each(['compact', 'leveldb'] as const)(
  'readers beside a writer read nothing wrong in two minutes, layout %s',
  (layout) => {
    const { reads, wrong, first } = readBesideWriter(layout, 120_000);
    expect({ wrong, first }).toEqual({ wrong: 0, first: undefined });
    expect(reads).toBeGreaterThan(1_000_000);
  },
);
