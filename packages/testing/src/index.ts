export type { AbortSignalLike, Signal } from './abort-signal.js';
export { type Allocation, allocationTraces } from './arbitraries/allocations.js';
export { batchDamage, writeOperations } from './arbitraries/batches.js';
export { type ComparatorName, comparatorNames, comparators } from './arbitraries/comparators.js';
export { keyPool, keys, numberedKeys } from './arbitraries/keys.js';
export { ranges } from './arbitraries/ranges.js';
export { readSequences, sequences } from './arbitraries/sequences.js';
export { stringPool, strings } from './arbitraries/strings.js';
export { values } from './arbitraries/values.js';
export { type BatchDamage, damageBatch, del, encodeBatch, put } from './batch.js';
export { memtableCommand, memtableCommandKinds } from './commands/memtable/index.js';
export { flushTable } from './commands/memtable/life.js';
export { MemtableSubject } from './commands/memtable/subject.js';
export { orderedIndexCommand, orderedIndexCommandKinds } from './commands/ordered-index/index.js';
export { OrderedIndexSubject } from './commands/ordered-index/subject.js';
export { storeCommand, storeCommandKinds } from './commands/store/index.js';
export { StoreSubject } from './commands/store/subject.js';
export {
  assertDurableStore,
  type CrashOptions,
  type CrashReport,
  durableStoreConformance,
} from './conformance/durable-store.js';
export { assertMemtable, memtableConformance } from './conformance/memtable.js';
export { assertMemtableList, memtableListConformance } from './conformance/memtable-list.js';
export { assertOrderedIndex, orderedIndexConformance } from './conformance/ordered-index.js';
export { assertStore, storeConformance } from './conformance/store.js';
export type { TestRunner } from './conformance/test-runner.js';
export { assertWriteBuffer, writeBufferConformance } from './conformance/write-buffer.js';
export * from './contract.js';
export { CounterexampleError } from './counterexample.js';
export { expectSame } from './expect.js';
export {
  damaged,
  type DamageHarness,
  type DamageOptions,
  damages,
  type Mutation,
  type MutationKind,
  mutationKinds,
  type MutationKinds,
  type SlowInput,
  type SurvivalOptions,
  type SurvivalReport,
  survivesDamage,
} from './damage.js';
export { TestingError, type TestingErrorCode } from './errors.js';
export { failAllocation, failEveryAllocation, type FlushOutcome, InjectedFault, ScriptedTarget } from './faults.js';
export { LcgRandom } from './lcg-random.js';
export {
  type FileOperation,
  type MemoryAppendFile,
  MemoryFiles,
  type MemoryFilesOptions,
  type MemoryLock,
  type MemoryReadFile,
} from './memory-files.js';
export { type ListProgram, listPrograms } from './interleavings/program.js';
export { bytewise, IndexModel, IteratorModel, MemtableModel, SortedModel, StoreModel } from './model.js';
export { bytes, code } from './notation.js';
export { replay } from './replay.js';
export type { RunOptions, RunReport } from './run-options.js';
export { SortedTarget } from './sorted-target.js';
export { contentOf } from './traits/methods.js';
export { type CallSite, type EncodingStyle, UserCode, type UserCodeSetup } from './user-code.js';
