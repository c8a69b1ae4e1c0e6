/** Deterministic sample entries: 100,000 of each kind, then the same again. */

export const SAMPLES = ['words', 'paths', 'random'] as const;
export type SampleName = (typeof SAMPLES)[number];
export const SAMPLE_ENTRIES = 100_000;

export function isSample(name: string): name is SampleName {
  return (SAMPLES as readonly string[]).includes(name);
}

export interface SampleEntry {
  readonly key: string;
  readonly value: string;
}

/** The entry at `place` of a sample. Keys ascend with the place, or are shuffled. */
export function sampleEntry(sample: SampleName, ascending: boolean, place: number): SampleEntry {
  const i = place % SAMPLE_ENTRIES;
  if (sample === 'words') return wordEntry(i, ascending);
  // The step is coprime to the number of entries, so it visits each rank once.
  const rank = ascending ? i : (i * 61_803 + 17) % SAMPLE_ENTRIES;
  return sample === 'paths' ? pathEntry(rank) : randomEntry(rank);
}

const WORDS = (
  'acorn almond amber anchor apple arrow aspen autumn badger bamboo barley basil beacon birch bloom brook butter cactus ' +
  'candle canyon cedar cherry cinder citrus clover cobalt comet copper coral cotton crane creek crystal cypress daisy ' +
  'dawn delta desert dove dragon drift dune eagle earth ebony ember falcon feather fern field finch flame flint forest ' +
  'fossil fox frost garden garlic ginger glacier grain granite grape grove harbor hazel heron hickory honey horizon ' +
  'indigo iris island ivory ivy jade jasmine juniper kelp kernel lagoon lake lantern larch laurel lava lemon lichen ' +
  'lilac lime linen lotus magnet mango maple marble marsh meadow melon mint mist monsoon moon moss mountain mulberry ' +
  'nectar nest nutmeg oak oasis ocean olive onyx opal orchid osprey otter owl palm papaya pearl pebble pepper pine plum ' +
  'pollen pond poppy prairie quail quartz rain raven reed reef resin ridge river robin root rose ruby saffron sage salt ' +
  'sand sapphire sea seed shadow shell silk silver sky slate snow sparrow spring spruce star stone storm stream summer ' +
  'sun swan thistle thunder tide timber topaz trout tulip tundra valley velvet violet walnut water wave wheat willow ' +
  'wind winter wolf wood wren yarrow zephyr'
).split(' ');

function wordEntry(i: number, ascending: boolean): SampleEntry {
  const round = Math.floor(i / WORDS.length);
  const j = i % WORDS.length;
  const word = WORDS[ascending ? j : (j * 73 + 29) % WORDS.length];
  // Keys of later rounds sort after all words, because `~` sorts after the letters.
  const key = round === 0 ? word : `~${String(round).padStart(3, '0')} ${word}`;
  return { key, value: `a word of ${word.length} letters` };
}

const PACKAGES = ['arena', 'bench', 'lab', 'level', 'memtable', 'skiplist', 'store', 'testing', 'tools', 'wire'];
const DIRECTORIES = ['dist', 'docs', 'examples', 'fixtures', 'formats', 'model', 'src', 'test', 'types', 'views'];
const EXTENSIONS = ['css', 'html', 'js', 'json', 'map', 'md', 'mjs', 'ts', 'tsx', 'txt'];

function pathEntry(rank: number): SampleEntry {
  const file = String(rank % 1000).padStart(3, '0');
  const directory = DIRECTORIES[Math.floor(rank / 1000) % 10];
  const name = PACKAGES[Math.floor(rank / 10_000)];
  return {
    key: `packages/${name}/${directory}/part-${file}.${EXTENSIONS[rank % 10]}`,
    value: `mode=0644 bytes=${scramble(rank) % 50_000} mtime=2024-01-${String((rank % 28) + 1).padStart(2, '0')}`,
  };
}

/** 16-digit keys and 100-byte values, as in LevelDB's benchmark. */
function randomEntry(rank: number): SampleEntry {
  const low = scramble(rank) % 1_000_000_000;
  const key = `${String(rank).padStart(5, '0')}${String(low).padStart(9, '0')}00`;
  return {
    key,
    value: scramble(rank + 1)
      .toString(36)
      .padStart(10, 'x')
      .slice(-10)
      .repeat(10),
  };
}

function scramble(number: number): number {
  let x = Math.imul(number + 1, 0x9e3779b1);
  x = Math.imul(x ^ (x >>> 15), 0x85ebca6b);
  return (x ^ (x >>> 13)) >>> 0;
}
