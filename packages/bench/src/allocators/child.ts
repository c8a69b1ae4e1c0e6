import { ALLOCATORS } from './contenders.js';
import { measureAllocator, measurePlacement, measureSharing } from './measure.js';

/** One case. Each case has its own process, so that V8 sees only one kind of allocator. */
export type Case =
  | { readonly what: 'allocator'; readonly index: number; readonly bytes: number }
  | { readonly what: 'placement'; readonly bytes: number; readonly alignment: number }
  | { readonly what: 'sharing'; readonly alignment: number };

const one = JSON.parse(process.argv[2]) as Case;
const times =
  one.what === 'allocator'
    ? measureAllocator(ALLOCATORS[one.index](), one.bytes)
    : await (one.what === 'placement' ? measurePlacement(one.bytes, one.alignment) : measureSharing(one.alignment));
process.stdout.write(JSON.stringify(times));
