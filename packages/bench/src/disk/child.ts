import { type DiskCase, measure } from './measure.js';

process.stdout.write(JSON.stringify(await measure(JSON.parse(process.argv[2]) as DiskCase)));
