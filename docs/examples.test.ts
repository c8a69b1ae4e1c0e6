/**
 * Runs every example of the READMEs and of the docstrings. A line `expression; // value` is checked: the value is
 * whatever stands before the first colon, if it is a JSON-like literal; other comments are prose.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { inspect, isDeepStrictEqual } from 'node:util';
import ts from 'typescript';

const root = join(__dirname, '..');

function* sources(directory: string): Generator<string> {
  for (const item of readdirSync(directory, { withFileTypes: true })) {
    if (['node_modules', 'dist', 'test'].includes(item.name) || item.name.startsWith('.')) continue;
    const path = join(directory, item.name);
    if (item.isDirectory()) yield* sources(path);
    else if (/\.(ts|md)$/.test(item.name)) yield path;
  }
}

interface Example {
  name: string;
  code: string;
}

function examplesOf(path: string): Example[] {
  const text = readFileSync(path, 'utf8');
  // Docstrings: without the stars in front.
  const plain = path.endsWith('.md') ? text : text.replace(/^ *\* ?/gm, '');
  return [...plain.matchAll(/^```ts\n(.*?)^```/gms)].map((match, i) => ({
    name: `${relative(root, path)} ${i + 1}`,
    code: match[1]!,
  }));
}

const LITERAL = /^(?:-?\d+(?:\.\d+)?|true|false|undefined|'[^']*'|\[.*\])$/;

/** Turns `expression; // 12: why` into a check. */
function withChecks(code: string): string {
  return code.replace(/^([^/\n]+); \/\/ (.+)$/gm, (line, expression: string, comment: string) => {
    const value = [comment, comment.replace(/:.*$/, '')].find((candidate) => LITERAL.test(candidate));
    if (value === undefined || /^\s*(const|let|for|if|return|import)\b/.test(expression)) return line;
    return `check(${expression}, ${value}, ${JSON.stringify(expression)});`;
  });
}

const packages = ['@memtable/arena', '@memtable/skiplist', '@memtable/memtable'];

const found = [...sources(root)].flatMap(examplesOf).filter(({ code }) => !code.includes('// not run'));

test('there are examples', () => {
  expect(found.length).toBeGreaterThan(5);
});

test.each(found)('$name', async ({ code }) => {
  let checks = 0;
  const check = (actual: unknown, expected: unknown, expression: string) => {
    checks++;
    if (isDeepStrictEqual(actual, expected)) return;
    throw new Error(`${expression} is ${inspect(actual)}, the example says ${inspect(expected)}`);
  };
  const imports = [...code.matchAll(/^import .*;$/gm)].map(([line]) => line);
  const body = code.replace(/^import .*;$/gm, '');
  const wrapped = `${imports.join('\n')}\nexport default async () => {\n${withChecks(body)}\n};`;
  const { outputText } = ts.transpileModule(wrapped, {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
  });
  // A docstring leaves out its imports: everything our packages export is at hand.
  const names = imports.length > 0 ? {} : Object.assign({}, ...packages.map((name) => require(name) as object));
  const module = { exports: {} as { default: () => Promise<void> } };
  const scope = { ...names, require, module, exports: module.exports, check } as Record<string, unknown>;
  new Function(...Object.keys(scope), outputText)(...Object.values(scope));
  await module.exports.default();
  expect(checks).toBeGreaterThan(0);
});
