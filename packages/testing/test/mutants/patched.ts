import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';

/** A change to a few lines of one source file. */
export interface Patch {
  /** Path below `packages/`. */
  readonly file: string;
  /** Text that the file has exactly once. */
  readonly from: string;
  /** The text that replaces it. */
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

/** Loads our packages from their sources, with a patch or without. Each instance has modules of its own. */
export class PatchedPackages {
  readonly #patch: Patch | undefined;
  readonly #modules = new Map<string, object>();

  constructor(patch: Patch | undefined) {
    this.#patch = patch;
  }

  /** Loads a package, such as `@memtable/memtable`, or a file below `packages/`. */
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
      if (parts.length !== 2) throw new Error(`${file} must have this text exactly once: ${from}`);
      return compile(parts.join(to));
    }
    let code = compiled.get(path);
    if (code === undefined) compiled.set(path, (code = compile(readFileSync(path, 'utf8'))));
    return code;
  }
}
