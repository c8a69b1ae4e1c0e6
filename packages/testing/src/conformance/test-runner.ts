/** `describe` and `it` of the test runner: jest's, vitest's, node:test's or any that take a name and a function. */
export interface TestRunner {
  /** Groups tests under a name. */
  describe: (name: string, body: () => void) => unknown;
  /** Registers a test. */
  it: (name: string, body: () => Promise<void>) => unknown;
}
