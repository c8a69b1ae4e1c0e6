/** Runs one case in this process: `child.js <case as JSON> <empty directory>`. Sends the result to the parent. */
import { type Case, runCase } from './run-case.js';

const [, , text, directory] = process.argv;
const result = await runCase(JSON.parse(text) as Case, directory);
process.send?.(result, () => process.exit(0));
