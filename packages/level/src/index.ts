export { MemtableLevel, type MemtableLevelOptions, type StoreEncoding } from './level.js';
