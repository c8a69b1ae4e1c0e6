/**
 * The rules of the house that no compiler checks: where imports may go, how long files are, what documents promise.
 * A finding is a place and a number: how many lines, or how often.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import ts from 'typescript';

const root = join(__dirname, '..');

/** From the lowest to the highest. A package imports only packages before it; nothing imports `lab` or `bench`. */
const FLOORS = ['arena', 'skiplist', 'memtable', 'store', 'disk', 'level', 'lab', 'bench'];
const LINES_MAX = 600;
const COLUMNS_MAX = 120;
/** Files that may be longer, up to this, with a line in their header that begins with `Size:` and says why. */
const LONG_FILE_LINES_MAX = 900;

type Findings = Map<string, number>;

function add(findings: Findings, place: string, count = 1): void {
  findings.set(place, (findings.get(place) ?? 0) + count);
}

/** Fails with all findings. */
function check(rule: string, findings: Findings): void {
  expect({ [rule]: Object.fromEntries(findings) }).toEqual({ [rule]: {} });
}

// Files

const IGNORED = ['node_modules', 'dist', 'coverage', 'golden', 'fixtures', 'screenshots', 'results'];

function* walk(directory: string): Generator<string> {
  for (const item of readdirSync(directory, { withFileTypes: true })) {
    if (IGNORED.includes(item.name) || item.name.startsWith('.')) continue;
    const path = join(directory, item.name);
    if (item.isDirectory()) yield* walk(path);
    else yield relative(root, path).replaceAll(sep, '/');
  }
}

const texts = new Map<string, string>();
for (const path of walk(root)) {
  if (/\.(ts|tsx|mjs|cjs|md)$/.test(path)) texts.set(path, readFileSync(join(root, path), 'utf8'));
}

const all = [...texts.keys()];
const sources = all.filter((path) => /^packages\/[^/]+\/src\/.*\.tsx?$/.test(path));
const code = all.filter((path) => !path.endsWith('.md'));
const documents = all.filter((path) => path.endsWith('.md'));
const packages = readdirSync(join(root, 'packages'));
const self = 'docs/tidy.test.ts';

const textOf = (path: string): string => texts.get(path)!;
const linesOf = (path: string): string[] => textOf(path).split('\n');
const packageOf = (path: string): string => path.split('/')[1];

// Imports

interface Import {
  readonly from: string;
  readonly to: string;
  /** Erased by the compiler. */
  readonly isType: boolean;
}

function importsOf(path: string): Import[] {
  const file = ts.createSourceFile(path, textOf(path), ts.ScriptTarget.ES2022, false);
  const found: Import[] = [];
  for (const statement of file.statements) {
    if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) continue;
    const { moduleSpecifier } = statement;
    if (moduleSpecifier === undefined || !ts.isStringLiteral(moduleSpecifier)) continue;
    found.push({ from: path, to: targetOf(path, moduleSpecifier.text), isType: isTypeOnly(statement) });
  }
  return found;
}

function isTypeOnly(statement: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(statement)) {
    const { exportClause } = statement;
    return statement.isTypeOnly || (exportClause !== undefined && areTypes(exportClause));
  }
  const clause = statement.importClause;
  if (clause === undefined) return false;
  const isType = clause.phaseModifier === ts.SyntaxKind.TypeKeyword;
  return isType || (clause.name === undefined && clause.namedBindings !== undefined && areTypes(clause.namedBindings));
}

function areTypes(names: ts.NamedImportBindings | ts.NamedExportBindings): boolean {
  if (!ts.isNamedImports(names) && !ts.isNamedExports(names)) return false;
  return names.elements.length > 0 && names.elements.every((name) => name.isTypeOnly);
}

/** A file of ours, for a relative import; `packages/<name>` for a package of ours; else the name as it stands. */
function targetOf(path: string, specifier: string): string {
  if (specifier.startsWith('.')) {
    const target = join(dirname(path), specifier).replaceAll(sep, '/');
    return (
      [target.replace(/\.js$/, '.ts'), target.replace(/\.js$/, '.tsx'), target].find((name) => texts.has(name)) ??
      target
    );
  }
  const sibling = /^(?:@memtable\/(\w+)|memtable-(level))(?:\/|$)/.exec(specifier);
  return sibling === null ? specifier : `packages/${sibling[1] ?? sibling[2]}`;
}

const imports = sources.flatMap(importsOf);

test('imports of packages go only downwards, and testing imports no sibling', () => {
  const findings: Findings = new Map();
  for (const { from, to } of imports) {
    if (!to.startsWith('packages/') || packageOf(to) === packageOf(from)) continue;
    const isDown = FLOORS.indexOf(packageOf(to)) < FLOORS.indexOf(packageOf(from)) && packageOf(to) !== 'lab';
    if (!isDown || !FLOORS.includes(packageOf(to))) add(findings, `${from} -> ${packageOf(to)}`);
  }
  check('imports', findings);
});

test('the drawing in the README has the same floors', () => {
  const drawing = /^ packages\/[^]*?```/m.exec(textOf('README.md'))![0];
  const rows = [...drawing.matchAll(/^ \| (\w+) .*?(?:\| +(\w+):.*)?$/gm)].map(([, name, beside]) => [name, beside]);
  const drawn = rows.flat().filter((name) => name !== undefined);
  expect(drawn.sort()).toEqual([...FLOORS].sort());
  const floors = rows.map(([name]) => name);
  expect(floors.reverse()).toEqual(FLOORS.filter((name) => floors.includes(name)));
});

test.each([
  ['values', (each: Import) => !each.isType],
  ['types', () => true],
] as const)('no cycle of imports inside a package: %s', (kind, counts) => {
  const graph = new Map<string, string[]>();
  for (const each of imports) if (counts(each)) graph.set(each.from, [...(graph.get(each.from) ?? []), each.to]);
  const findings: Findings = new Map();
  for (const cycle of cyclesOf(graph)) add(findings, cycle.join(' -> '));
  check(`cycles of ${kind}`, findings);
});

/** One cycle for each import that leads back to a file on the way to it. Depth first, in the order of names. */
function cyclesOf(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  const way: string[] = [];
  const visit = (path: string): void => {
    if (way.includes(path)) cycles.push(way.slice(way.indexOf(path)));
    if (done.has(path) || way.includes(path)) return;
    way.push(path);
    for (const to of graph.get(path) ?? []) visit(to);
    way.pop();
    done.add(path);
  };
  for (const path of [...graph.keys()].sort()) visit(path);
  return cycles;
}

// Files of code

test(`a source file has at most ${LINES_MAX} lines, or says in its header why it has more`, () => {
  const findings: Findings = new Map();
  for (const path of sources) {
    const count = linesOf(path).length - 1;
    const header = textOf(path).slice(0, textOf(path).indexOf('*/'));
    const max = /^ \* Size: \S/m.test(header) ? LONG_FILE_LINES_MAX : LINES_MAX;
    if (count > max) add(findings, path, count);
  }
  check('lines', findings);
});

test(`lines of comments have at most ${COLUMNS_MAX} columns`, () => {
  const findings: Findings = new Map();
  for (const path of code) {
    for (const line of linesOf(path)) {
      if (line.length > COLUMNS_MAX && /^\s*(\/\/|\/?\*)|[;{},] \/\/ /.test(line)) add(findings, path);
    }
  }
  check('columns', findings);
});

test('no leftovers: markers, prints, tests that exclude all others', () => {
  const findings: Findings = new Map();
  const isPrinter = (path: string): boolean => /^packages\/(lab|bench)\//.test(path);
  for (const path of all.filter((each) => each !== self)) {
    for (const line of linesOf(path)) {
      if (/\b(TODO|FIXME|XXX|HACK)\b/.test(line)) add(findings, path);
      if (/\b(test|it|describe)\.only\(|^\s*debugger;/.test(line)) add(findings, path);
      if (sources.includes(path) && !isPrinter(path) && /^[^/*]*\bconsole\.(log|debug|info|error)\(/.test(line)) {
        add(findings, path);
      }
    }
  }
  check('leftovers', findings);
});

// Invariants

/** Of each file with numbered invariants in its comments: `A1`, `A2`, ... */
const invariants = new Map<string, string[]>();
for (const path of sources) {
  const names = [...textOf(path).matchAll(/^ *(?:\*|\/\/) +([A-Z]\d+)\. \S/gm)].map(([, name]) => name);
  if (names.length > 0) invariants.set(path, names);
}

test('a letter of invariants stands for one file, and its numbers go up by one', () => {
  const findings: Findings = new Map();
  const owners = new Map<string, string>();
  for (const [path, names] of invariants) {
    for (const letter of new Set(names.map((name) => name[0]))) {
      const own = names.filter((name) => name[0] === letter);
      if (own.some((name, i) => name !== `${letter}${i + 1}`)) add(findings, `${path}: ${own.join(' ')}`);
      const other = owners.get(letter);
      if (other !== undefined) add(findings, `${letter}: ${other} and ${path}`);
      owners.set(letter, path);
    }
  }
  check('invariants', findings);
});

test('what a comment says is checked exists: "Checks A1 to A5" names the first and the last', () => {
  const all = [...invariants.values()].flat();
  const lastOf = (letter: string): string | undefined => all.filter((name) => name[0] === letter).at(-1);
  const findings: Findings = new Map();
  for (const path of sources) {
    for (const [text, list] of textOf(path).matchAll(/\bChecks ([A-Z]\d+(?:(?:,| to| and|, and) [A-Z]\d+)*)/g)) {
      const names = list.split(/[ ,]+/).filter((name) => /\d/.test(name));
      const isWhole = !list.includes(' to ') || (names[0].slice(1) === '1' && lastOf(names[0][0]) === names.at(-1));
      if (!isWhole || names.some((name) => !all.includes(name))) add(findings, `${path}: ${text}`);
    }
  }
  check('checks', findings);
});

// Documents

/** Without code blocks, which show what may not be there. */
const proseOf = (path: string): string => textOf(path).replace(/^ *```[^]*?^ *```/gm, '');
/** Without `code` as well. */
const plainOf = (path: string): string => proseOf(path).replace(/`[^`\n]*`/g, '``');

test('every package has a README, tests, and an entry in the README of the house', () => {
  const findings: Findings = new Map();
  for (const name of packages) {
    const readme = `packages/${name}/README.md`;
    if (!texts.has(readme)) add(findings, readme);
    if (!textOf('README.md').includes(`(${readme})`)) add(findings, `README.md has no link to ${readme}`);
    if (!all.some((path) => path.startsWith(`packages/${name}/test/`) && /\.test\.tsx?$/.test(path))) {
      add(findings, `packages/${name}/test`);
    }
  }
  check('packages', findings);
});

test('every relative link leads to a file, and to a heading where it names one', () => {
  const findings: Findings = new Map();
  for (const path of documents) {
    for (const [, target] of plainOf(path).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [file, heading] = target.split('#');
      const to = file === '' ? path : join(dirname(path), file).replaceAll(sep, '/');
      const isThere = existsSync(join(root, to)) && (heading === undefined || slugsOf(to).includes(heading));
      if (!isThere) add(findings, `${path} -> ${target}`);
    }
  }
  check('links', findings);
});

/** What GitHub makes of the headings of a document. */
function slugsOf(path: string): string[] {
  const headings = [...proseOf(path).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading.toLowerCase());
  return headings.map((heading) => heading.replace(/[^\p{L}\p{N}_ -]/gu, '').replaceAll(' ', '-'));
}

test('every path of ours in `code` exists', () => {
  const findings: Findings = new Map();
  for (const path of documents) {
    for (const [, name] of proseOf(path).matchAll(/`((?:[\w.-]+\/)+[\w.-]+\.(?:ts|tsx|mjs|cjs|md))`/g)) {
      // Short for a path below some package, as `renewal/driver.ts`.
      const isThere =
        existsSync(join(root, dirname(path), name)) || all.some((each) => `/${each}`.endsWith(`/${name}`));
      if (!isThere) add(findings, `${path}: ${name}`);
    }
  }
  check('paths', findings);
});

const pages = documents.filter((path) => /^docs\/decisions\/\d/.test(path));
const numberOf = (page: string): number => Number(/\/(\d{3})-/.exec(page)![1]);

test('decisions have one form, consecutive numbers, and an index', () => {
  const index = textOf('docs/decisions/README.md');
  expect(pages.map(numberOf).sort((a, b) => a - b)).toEqual(pages.map((_, i) => i + 1));
  for (const page of pages) {
    const [title, ...headings] = [...textOf(page).matchAll(/^#+ .*$/gm)].map(([line]) => line);
    expect({ page, title }).toEqual({ page, title: expect.stringMatching(`^# D${numberOf(page)}: [A-Z]`) as string });
    expect({ page, headings }).toEqual({ page, headings: ['## Context', '## Figures', '## Decision', '## Status'] });
    const name = title.replace(/^# D\d+: /, '');
    const rows = index.split('\n').map((row) => row.split('|').map((cell) => cell.trim()));
    const link = `[D${numberOf(page)}](${page.slice('docs/decisions/'.length)})`;
    expect(rows.find((row) => row[1] === link)?.[2]).toBe(name);
  }
});

test('decisions that are cited exist', () => {
  const numbers = pages.map((page) => `D${numberOf(page)}`);
  const findings: Findings = new Map();
  for (const path of all) {
    const text = path.endsWith('.md') ? plainOf(path) : textOf(path);
    for (const [, list, target] of text.matchAll(/\[(D\d+(?:, D\d+)*)\](?:\(([^)]*)\))?/g)) {
      const cited = list.split(', ');
      const isRight = target === undefined || numbers[numberOf(`/${target.split('/').at(-1)!}`) - 1] === list;
      if (!isRight || cited.some((name) => !numbers.includes(name))) add(findings, `${path}: [${list}]`);
    }
  }
  check('citations', findings);
});

const FIGURE = new RegExp(
  [
    String.raw`\d ?(?:ns|us|ms|MB|kB)\b`,
    String.raw`\d (?:bytes|B) an entry`,
    String.raw`\d(?: x|×| times| %)(?: as | the | less| more| slower| faster|[ ,.|])`,
  ].join('|'),
);
const COMMAND = /`(?:\w+=\S+ )?(?:npm (?:run|start|test)|npx|node) ?[^`]*`|^(?:npm|npx|node) /m;

test('a section of a README with a measured figure, or the top of the README, names the command that makes it', () => {
  const findings: Findings = new Map();
  for (const path of documents.filter((each) => each.endsWith('README.md') && !each.startsWith('docs/'))) {
    const [top, ...sections] = textOf(path).split(/^(?=## )/m);
    for (const section of COMMAND.test(top) ? [] : [top, ...sections]) {
      // Figures in code blocks illustrate, or are checked by the test of the examples.
      const prose = section.replace(/^ *```[^]*?^ *```/gm, '');
      if (FIGURE.test(prose) && !COMMAND.test(section)) add(findings, `${path}: ${section.split('\n')[0]}`);
    }
  }
  check('figures', findings);
});
