export type { AnyEncoding, Encoding, EncodingName, EncodingNameOf, EncodingOption, Format } from './encoding.js';
export { StoreIterator } from './iterator.js';
export type {
  BatchOperation,
  EncodingOptions,
  MemStoreArguments,
  MemStoreOptions,
  MemStoreSettings,
  MemStoreStats,
  PinStats,
  RangeReadOptions,
  ReadOptions,
  StoreEncoding,
} from './options.js';
export type { PinKind } from './pins.js';
export type { KeyPart, RangeOptions } from './range.js';
export { StoreReads } from './reads.js';
export { StoreSnapshot } from './snapshot.js';
export { MemStore } from './store.js';
