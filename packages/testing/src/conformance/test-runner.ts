/** `describe` and `it` of a test runner: jest, vitest, node:test, or any other whose take a name and a function. */
export interface TestRunner {
  /** Groups the tests that `body` registers. */
  describe: (name: string, body: () => void) => unknown;
  /** Registers a test. It fails if `body` rejects. */
  it: (name: string, body: () => Promise<void>) => unknown;
}
