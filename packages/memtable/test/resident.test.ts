import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

test('filling and dropping 20 memtables of 64 MiB raises resident memory by less than 192 MiB', () => {
  const printed = execFileSync(process.execPath, [join(__dirname, 'resident.mjs')], { encoding: 'utf8' });
  const { tables, riseBytes } = JSON.parse(printed) as { tables: number; riseBytes: number };
  expect(tables).toBe(20);
  expect(riseBytes).toBeGreaterThan(64 << 20); // It did fill one.
  expect(riseBytes).toBeLessThan(3 * (64 << 20));
}, 60_000);
