#!/usr/bin/env node
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { build, defaultClientConditions, type InlineConfig, preview } from 'vite';
import { commanderOutput, print } from './terminal.js';
import { version } from './version.js';

const PAGE = fileURLToPath(new URL('../../src/page', import.meta.url));
const SITE = fileURLToPath(new URL('../../dist/site', import.meta.url));

/** Bundles the packages from their sources, so the page always runs their current code. */
function configFor(outDir: string): InlineConfig {
  return {
    root: PAGE,
    base: './',
    configFile: false,
    logLevel: 'warn',
    resolve: { conditions: ['@memtable/source', ...defaultClientConditions] },
    build: { outDir, emptyOutDir: true, target: 'es2022', modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
    preview: { host: '127.0.0.1' },
  };
}

const options = new Command('lab')
  .description('Serves a page that shows the lifecycle of a memtable, byte for byte.')
  .configureOutput(commanderOutput)
  .version(version)
  .option('--build [dir]', 'write the page as a static site, and end')
  .option('--port <port>', 'where to serve it (default: the first free one from 4173)', Number)
  .parse()
  .opts<{ build?: string | true; port?: number }>();

const outDir = typeof options.build === 'string' ? options.build : SITE;
const config = configFor(outDir);
await build(config);
if (options.build !== undefined) {
  print(process.stdout, `the site is in ${relative(process.cwd(), outDir)}`);
} else {
  const server = await preview({ ...config, preview: { ...config.preview, port: options.port ?? 4173 } });
  print(process.stdout, `memtable lab: ${server.resolvedUrls!.local[0]}`);
}
