/** `describe` and `it` of a test runner: jest, vitest, node:test, or any other whose take a name and a function. */
export interface TestRunner {
  /** Groups the tests that `body` registers. */
  describe: (name: string, body: () => void) => unknown;
  /**
   * Registers a test. It fails if `body` rejects. `timeoutMs` is given for long ones: jest, vitest and Bun take it from
   * there, node:test has no timeout.
   */
  it: (name: string, body: () => Promise<void>, timeoutMs?: number) => unknown;
}

/** How long random commands may take, in milliseconds. Most runners would end a test after five seconds. */
export const TEST_MS = 600_000;
