/**
 * Installs the tarballs beside test runners and runtimes, and runs a store and a suite in each: the table of runners in
 * the README of @memtable/testing, row by row, and a Vite build in a browser.
 */
import { createServer, type Server } from 'node:http';
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { emptyDirectory, install, root, run, write } from './stranger.js';

/** One install for all projects, which lie below it. */
const registry = ['jest@30', 'ts-jest@29', 'typescript@~6.0', 'vitest@4', 'vite@8', 'bun@1', 'deno@2', 'fast-check@4'];
const directory = emptyDirectory();

beforeAll(async () => {
  write(directory, { 'package.json': { name: 'strangers', private: true } });
  await install(directory, registry, ['bun', 'deno']);
}, 200_000);

const readme = readFileSync(join(root, 'packages/testing/README.md'), 'utf8');
const [, table] = /## In your test runner\n[^|]*\n((?:\|.*\|\n)+)/.exec(readme)!;
const rows = table
  .trim()
  .split('\n')
  .slice(2)
  .map((row) => row.split('|').map((cell) => cell.trim().replaceAll(/[`']/g, '')))
  .map(([, runner, from, command]) => ({ runner, from, command }));

/** What the test of a stranger does: a store, and a suite with its default number of runs. */
const testFile = (from: string): string => `
import { describe, it } from '${from}';
import { MemTable } from '@memtable/memtable';
import { MemStore } from '@memtable/store';
import { memtableConformance, supportsNothing } from '@memtable/testing';
import { MemtableLevel } from 'memtable-level';

it('a store', () => {
  const store = new MemStore();
  store.put('a', '1');
  if (store.get('a') !== '1') throw new Error('not there');
  if (!(store instanceof MemStore)) throw new Error('another class');
});

it('a database', async () => {
  const db = new MemtableLevel();
  await db.put('b', '2');
  if ((await db.get('b')) !== '2') throw new Error('not there');
});

memtableConformance({
  describe,
  it,
  factory: () => new MemTable(),
  supports: {
    ...supportsNothing,
    backward: true,
    entryCount: true,
    state: true,
    memoryUsage: true,
    verify: true,
    freeze: true,
    drop: true,
  },
});
`;

test('the table has the runners that people use', () => {
  const names = rows.map(({ runner }) => /^[\w:]+/.exec(runner)![0]);
  expect(names).toEqual(['jest', 'jest', 'vitest', 'node:test', 'Bun', 'Deno']);
});

test.each(rows)('$runner runs a store and a suite: $command', async ({ runner, from, command }) => {
  const project = join(directory, runner.replaceAll(/\W+/g, '-'));
  const isCommonJs = runner.includes('CommonJS');
  const isTypeScript = isCommonJs || /^(vitest|Bun)/.test(runner);
  write(project, {
    'package.json': { name: 'stranger', private: true, ...(isCommonJs ? {} : { type: 'module' }) },
    [isTypeScript ? 'stranger.test.ts' : 'stranger.test.js']: testFile(from),
    ...(runner.startsWith('jest') && { 'jest.config.json': isCommonJs ? { preset: 'ts-jest' } : {} }),
  });
  const bin = join(directory, 'node_modules/.bin');
  const [program, ...args] = command.split(' ');
  const printed =
    program === 'bun' || program === 'deno'
      ? await run(join(bin, program), args, project)
      : await run(program, args, project);
  // The two tests, the random commands, what is declared, and 32 of methods. node:test and Deno count groups apart.
  expect(printed).toMatch(/\b(36 pass|36 passed|pass 36|5 passed \(34 steps\))/);
  expect(printed).not.toMatch(/\b([1-9]\d* fail|fail [1-9])/);
});

const browserPath = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path !== undefined && existsSync(path));
if (browserPath === undefined) {
  process.stderr.write('the Vite build is not tested: no Chromium found: apt-get install chromium, or set CHROMIUM\n');
}
const testInBrowser = browserPath === undefined ? test.skip : test;

testInBrowser(
  'a Vite build runs in a browser, with memtable-level in it',
  async () => {
    const project = join(directory, 'vite');
    write(project, {
      'package.json': { name: 'stranger', private: true, type: 'module' },
      'index.html':
        '<!doctype html><meta charset="utf-8"><title>stranger</title><script type="module" src="/main.js"></script>',
      'main.js': `
      import { MemTable } from '@memtable/memtable';
      import { MemStore } from '@memtable/store';
      import { assertMemtable, supportsNothing } from '@memtable/testing';
      import { MemtableLevel } from 'memtable-level';

      const store = new MemStore();
      store.put('a', '1');
      const db = new MemtableLevel();
      await db.put('b', '2');
      const { runs } = await assertMemtable({ factory: () => new MemTable(), supports: supportsNothing }, { numRuns: 5 });
      document.title = ['used', store.get('a'), await db.get('b'), runs].join(' ');
    `,
    });
    await run(join(directory, 'node_modules/.bin/vite'), ['build'], project);

    const dist = join(project, 'dist');
    const types = { html: 'text/html', js: 'text/javascript' } as const;
    const server = await new Promise<Server>((resolve) => {
      const started = createServer(({ url = '/' }, response) => {
        const file = join(dist, url === '/' ? 'index.html' : url);
        if (!existsSync(file)) return response.writeHead(404).end();
        response.setHeader('content-type', types[file.endsWith('.html') ? 'html' : 'js']);
        return createReadStream(file).pipe(response);
      }).listen(0, '127.0.0.1', () => resolve(started));
    });
    let browser: Browser | undefined;
    try {
      browser = await chromium.launch({ executablePath: browserPath!, args: ['--no-sandbox', '--disable-gpu'] });
      const page = await browser.newPage();
      const errors: string[] = [];
      page.on('pageerror', ({ message }) => errors.push(message));
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      await page
        .waitForFunction('document.title.startsWith("used")', undefined, { timeout: 20_000 })
        .catch(() => undefined);
      expect({ title: await page.title(), errors }).toEqual({ title: 'used 1 2 5', errors: [] });
    } finally {
      await browser?.close();
      server.close();
    }
  },
  60_000,
);
