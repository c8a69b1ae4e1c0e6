import { ALLOCATORS } from './contenders.js';
import { measureAllocator, measurePlacement, measureSharing } from './measure.js';

/** One case, in a process of its own, so that V8 sees one kind of allocator only. */
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
