/** Packages are tested from their sources (the `@memtable/source` condition), so no build can be stale. */
module.exports = {
  testEnvironment: 'node',
  // By default one core of two stays idle.
  maxWorkers: '100%',
  // The first test of a file may wait until its sources are compiled, on a busy machine longer than the default of 5 s.
  testTimeout: 30_000,
  testEnvironmentOptions: { customExportConditions: ['@memtable/source', 'node', 'node-addons'] },
  testMatch: ['<rootDir>/packages/*/test/**/*.test.ts', '<rootDir>/docs/*.test.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['ts-jest', { tsconfig: '<rootDir>/tsconfig.jest.json' }] },
  globalSetup: '<rootDir>/jest.global.cjs',
  setupFiles: ['<rootDir>/jest.setup.cjs'],
  cacheDirectory: '<rootDir>/node_modules/.cache/jest',
};
