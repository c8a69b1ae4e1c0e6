import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { FaultyMemtable } from '../examples/faulty-memtable.js';
import { MapMemtable } from '../examples/map-memtable.js';
import { assertMemtable, CounterexampleError, memtableConformance, replay, supportsNothing } from '../src/index.js';

const PACKAGE = join(__dirname, '..');
const EXAMPLES = join(PACKAGE, 'examples');

describe('the example MapMemtable, in jest', () => {
  memtableConformance({ describe, it, factory: () => new MapMemtable(), supports: supportsNothing });
});

test('the example MapMemtable passes in node:test, with the built package', () => {
  // A directory below node_modules of the workspace, so that the examples find the package by its name.
  const directory = join(PACKAGE, '../../node_modules/.cache/testing-examples');
  mkdirSync(directory, { recursive: true });
  for (const name of readdirSync(EXAMPLES)) {
    const { outputText } = ts.transpileModule(readFileSync(join(EXAMPLES, name), 'utf8'), {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
    });
    writeFileSync(join(directory, name.replace(/\.ts$/, '.js')), outputText);
  }
  const file = join(directory, 'map-memtable.conformance.js');
  const { stdout, status } = spawnSync(process.execPath, ['--test', file], { encoding: 'utf8' });
  expect(stdout).toMatch(/# pass [1-9]/);
  expect(stdout).toMatch(/# fail 0/);
  expect(status).toBe(0);
});

describe('the example FaultyMemtable', () => {
  const harness = { factory: () => new FaultyMemtable(), supports: supportsNothing };

  test('is caught with every seed by a counterexample of at most four commands', async () => {
    for (const seed of [1, 2, 3, 4, 5, undefined]) {
      const error = await assertMemtable(harness, seed === undefined ? {} : { seed }).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(CounterexampleError);
      const { lines, message, found, json } = error as CounterexampleError;
      expect(lines.length).toBeLessThanOrEqual(4);
      expect(message).toContain(lines.join('\n  '));
      expect(message).toContain(`seed: ${found!.seed}`);
      await expect(replay(json, harness)).rejects.toThrow(CounterexampleError);
      await replay(json, { ...harness, factory: () => new MapMemtable() });
    }
  });
});

test('the README shows the examples as they are', () => {
  const readme = readFileSync(join(PACKAGE, 'README.md'), 'utf8');
  for (const name of readdirSync(EXAMPLES)) expect(readme).toContain(readFileSync(join(EXAMPLES, name), 'utf8').trim());
});
