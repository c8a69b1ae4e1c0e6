/**
 * Runs every example of the READMEs and of the docstrings. A line `expression; // value` is checked: the value is
 * whatever stands before the first colon, if it is a JSON-like literal; other comments are prose.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
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
    code: match[1],
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

const packages = [
  '@memtable/arena',
  '@memtable/skiplist',
  '@memtable/memtable',
  '@memtable/store',
  '@memtable/testing',
];
/** Inside of node_modules, so that the packages are found from there. */
const directory = join(root, 'node_modules/.cache/examples');
mkdirSync(directory, { recursive: true });

/** A module that runs the example. */
function moduleOf(code: string): string {
  const imports = [...code.matchAll(/^import .*;$/gm)].map(([line]) => line);
  const body = withChecks(code.replace(/^import .*;$/gm, ''));
  if (imports.length === 0) {
    // A docstring leaves out its imports.
    for (const name of packages) {
      const names = Object.keys(jest.requireActual<object>(name)).filter((each) => body.includes(each));
      if (names.length > 0) imports.push(`import { ${names.join(', ')} } from '${name}';`);
    }
  }
  const wrapped = `${imports.join('\n')}\nexport default async (check: Check) => {\n${body}\n};`;
  return ts.transpileModule(wrapped, {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
  }).outputText;
}

const found = [...sources(root)].flatMap(examplesOf);

test('there are examples', () => {
  expect(found.length).toBeGreaterThan(5);
});

test.each(found)('$name', async ({ name, code }) => {
  let checks = 0;
  const check = (actual: unknown, expected: unknown, expression: string) => {
    checks++;
    if (isDeepStrictEqual(actual, expected)) return;
    throw new Error(`${expression} is ${inspect(actual)}, the example says ${inspect(expected)}`);
  };
  const path = join(directory, `${name.replace(/\W+/g, '-')}.js`);
  writeFileSync(path, moduleOf(code));
  const example = jest.requireActual<{ default: (given: typeof check) => Promise<void> }>(path);
  await example.default(check);
  expect(checks).toBeGreaterThan(0);
});
