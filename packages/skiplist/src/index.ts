export { attachIndex } from './attach-index.js';
export { BlockCursor, BlockSkipList } from './block-skiplist.js';
export { SkipListError, type SkipListErrorCode } from './errors.js';
export type { Order } from './order.js';
export type { EndOf, IndexCursor, OrderedIndex } from './ordered-index.js';
export { parkMillerNext, parkMillerSeed } from './park-miller.js';
export { randomEntry } from './random-entry.js';
export { SkipList, SkipListCursor, type SkipListLayout, type SkipListOptions } from './skiplist.js';
