/** Packages are tested from their sources (the `@memtable/source` condition), so no build can be stale. */
module.exports = {
  testEnvironment: 'node',
  // By default one core of two stays idle.
  maxWorkers: '100%',
  // The default of 5 s is too short for the first test of a file, which waits until its sources are compiled, and for
  // the model runs of a store, which take 20 s on an idle core. A timeout is for hangs, not for slow machines.
  testTimeout: 120_000,
  testEnvironmentOptions: { customExportConditions: ['@memtable/source', 'node', 'node-addons'] },
  testMatch: ['<rootDir>/packages/*/test/**/*.test.ts', '<rootDir>/docs/*.test.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['ts-jest', { tsconfig: '<rootDir>/tsconfig.jest.json' }] },
  globalSetup: '<rootDir>/jest.global.cjs',
  setupFiles: ['<rootDir>/jest.setup.cjs'],
  cacheDirectory: '<rootDir>/node_modules/.cache/jest',
};
