// Runs before a public package is packed or published, in its directory. Compiles it, and adds the CommonJS build for
// those that cannot load ES modules with require(): the CommonJS runtime of jest, and Node before 20.19. It goes to
// dist/cjs: one file of CommonJS for each ES module, and the same types.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { transform } from 'esbuild';
import { packageManager, root } from './pnpm.mjs';

// npm would leave `workspace:^` in the manifest, and no registry knows that version.
if (!process.env.npm_config_user_agent?.startsWith('pnpm/')) {
  const command = process.env.npm_command === 'publish' ? 'publish' : 'pack';
  console.error(
    `Refused: npm does not write the versions of the sibling packages. Run: npx ${packageManager} ${command}`,
  );
  process.exit(1);
}

execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b'], { stdio: 'inherit' });

rmSync('dist/cjs', { recursive: true, force: true });
const { imports } = JSON.parse(readFileSync('package.json', 'utf8'));
for (const file of readdirSync('dist', { recursive: true, encoding: 'utf8' })) {
  if (!/\.(js|d\.ts)$/.test(file)) continue;
  // The map of a source would be wrong by one directory, and esbuild moves lines.
  const text = readFileSync(join('dist', file), 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, '');
  const target = join('dist/cjs', file);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, file.endsWith('.js') ? await commonJs(text, dirname(file)) : text);
}
writeFileSync('dist/cjs/package.json', '{ "type": "commonjs", "sideEffects": false }\n');

async function commonJs(text, directory) {
  const { code } = await transform(text, { format: 'cjs', platform: 'node', target: 'node20' });
  // `#imports` lead to ES modules. A build with invariants is one of those.
  return code.replace(/require\("(#.+?)"\)/g, (_, name) => {
    const path = relative(directory, relative('dist', imports[name].default)).replaceAll(sep, '/');
    return `require("${path.startsWith('.') ? path : `./${path}`}")`;
  });
}
