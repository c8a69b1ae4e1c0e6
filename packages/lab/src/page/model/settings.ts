import type { MemTableOptions } from '@memtable/memtable';

/** The settings of the page's memtables. */
export interface Settings {
  readonly layout: 'leveldb' | 'compact';
  readonly index: 'skiplist' | 'block';
  readonly blockBytes: number;
  readonly branching: number;
  readonly seed: number;
  readonly writeBufferBytes: number;
}

export const DEFAULTS: Settings = {
  layout: 'leveldb',
  index: 'skiplist',
  blockBytes: 4096,
  branching: 4,
  seed: 0xdeadbeef,
  writeBufferBytes: 64 << 10,
};

export const CHOICES = {
  layout: ['leveldb', 'compact'],
  index: ['skiplist', 'block'],
  blockBytes: [256, 1024, 4096, 16384, 65536],
  branching: [2, 4, 8, 16],
  writeBufferBytes: [16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 64 << 20],
} as const;

/** The index in use. The block index exists only in the compact layout. */
export function indexOf({ layout, index }: Settings): Settings['index'] {
  return layout === 'leveldb' ? 'skiplist' : index;
}

export function tableOptionsOf(settings: Settings): MemTableOptions {
  const { layout, blockBytes, branching, seed } = settings;
  return { layout, index: indexOf(settings), blockBytes, skiplist: { branching, seed } };
}
