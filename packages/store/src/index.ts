export type { AnyEncoding, Encoding, EncodingName, EncodingOption, Format } from './encoding.js';
export { StoreIterator } from './iterator.js';
export type {
  BatchOperation,
  EncodingOptions,
  MemStoreOptions,
  MemStoreStats,
  PinStats,
  RangeReadOptions,
  ReadOptions,
} from './options.js';
export type { PinKind } from './pins.js';
export type { RangeOptions } from './range.js';
export { StoreSnapshot } from './snapshot.js';
export { MemStore } from './store.js';
