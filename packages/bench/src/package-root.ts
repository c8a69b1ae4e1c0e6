import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(import.meta.url);

/** The directory of an installed package. Does not use its exports, which may hide the wanted files. */
export function packageRoot(name: string): string | undefined {
  return (require.resolve.paths(name) ?? []).map((folder) => join(folder, name)).find((root) => existsSync(root));
}
