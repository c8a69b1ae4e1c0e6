import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';

/** A change to one line or a few of one of our sources. */
export interface Patch {
  /** Below `packages/`. */
  readonly file: string;
  /** What the file has exactly once. */
  readonly from: string;
  readonly to: string;
}

const PACKAGES = join(__dirname, '../../..');
const compiled = new Map<string, string>();

function compile(source: string): string {
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS },
  });
  return outputText;
}

/** Our packages with a patch in them, or without: a copy of every module of their own. */
export class PatchedPackages {
  readonly #patch: Patch | undefined;
  readonly #modules = new Map<string, object>();

  constructor(patch: Patch | undefined) {
    this.#patch = patch;
  }

  /** The module of a package, `@memtable/memtable` say, or of a file below `packages/`. */
  load(name: string): object {
    if (name.endsWith('.ts')) return this.#load(join(PACKAGES, name));
    return this.#load(join(PACKAGES, name.replace('@memtable/', ''), 'src/index.ts'));
  }

  #load(path: string): object {
    const loaded = this.#modules.get(path);
    if (loaded !== undefined) return loaded;
    const module = { exports: {} };
    this.#modules.set(path, module.exports);
    const require = (request: string): object => {
      if (request === '#invariants') return this.#load(join(PACKAGES, 'arena/src/invariants/off.ts'));
      return request.startsWith('.')
        ? this.#load(join(dirname(path), request.replace(/\.js$/, '.ts')))
        : this.load(request);
    };
    // eslint-disable-next-line @typescript-eslint/no-implied-eval
    const run = new Function('module', 'exports', 'require', this.#code(path)) as (...args: unknown[]) => void;
    run(module, module.exports, require);
    return module.exports;
  }

  #code(path: string): string {
    if (this.#patch !== undefined && path === join(PACKAGES, this.#patch.file)) {
      const { file, from, to } = this.#patch;
      const parts = readFileSync(path, 'utf8').split(from);
      if (parts.length !== 2) throw new Error(`${file} should have this once: ${from}`);
      return compile(parts.join(to));
    }
    let code = compiled.get(path);
    if (code === undefined) compiled.set(path, (code = compile(readFileSync(path, 'utf8'))));
    return code;
  }
}
