/** `describe` and `it` of the test runner: jest's, vitest's, node:test's or any that take a name and a function. */
export interface TestRunner {
  describe: (name: string, body: () => void) => unknown;
  it: (name: string, body: () => Promise<void>) => unknown;
}
