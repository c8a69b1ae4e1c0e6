/** Parts of the store for the packages above it. They are not public: any version may change them. */
export { COMMIT, type Commit, type CommitOption } from './commit.js';
export type { StoreTable } from './table.js';
