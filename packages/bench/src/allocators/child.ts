import { ALLOCATORS } from './contenders.js';
import { measureAllocator, measurePlacement } from './measure.js';

// One case in a process of its own, so that V8 sees one kind of allocator only: its number, or -1 and an alignment.
const [index, bytes, alignment] = process.argv.slice(2).map(Number);
const times = index >= 0 ? measureAllocator(ALLOCATORS[index](), bytes) : await measurePlacement(bytes, alignment);
process.stdout.write(JSON.stringify(times));
