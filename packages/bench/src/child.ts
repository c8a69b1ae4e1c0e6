/** The process of one case: `child.js <case as JSON> <empty directory>`; the result goes to the parent. */
import { type Case, runCase } from './run-case.js';

const [, , text, directory] = process.argv;
const result = await runCase(JSON.parse(text) as Case, directory);
process.send?.(result, () => process.exit(0));
