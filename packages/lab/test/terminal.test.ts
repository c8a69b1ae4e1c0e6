/** Keys, file names and messages from elsewhere are escaped, so that a terminal obeys none of them. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { printable } from '../src/cli/terminal.js';
import { available, contentOf, fresh, itWith, lab, MAIN } from './cli.js';

/** Clears the screen, sets the title, moves up a line, uses a C1 code, reverses the text, and breaks the line. */
const EVIL = '\u001b[2J\u001b]0;title\u0007\u001b[A\u009b31m\u202egpj.\u2066\rverified\u2028\u007f';
const SHOWN = '\\u001b[2J\\u001b]0;title\\u0007\\u001b[A\\u009b31m\\u202egpj.\\u2066\\u000dverified\\u2028\\u007f';

/** A line without control characters. */
const PLAIN = /^[^\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]*$/u;

function expectPlain(...outputs: string[]): void {
  for (const line of outputs.join('').split('\n')) expect(line).toMatch(PLAIN);
}

test('printable() escapes control characters and keeps all others', () => {
  expect(printable(EVIL)).toBe(SHOWN);
  expect(printable('grün 😀 \\ \\u001b ½')).toBe('grün 😀 \\ \\u001b ½');
  expect(printable('one\ntwo\tthree')).toBe('one\\u000atwo\\u0009three');
});

test('printable() keeps the meaning of a line of JSON', () => {
  const text = fc.string({ unit: fc.oneof(fc.constantFrom(...EVIL), fc.string({ unit: 'binary', maxLength: 1 })) });
  fc.assert(
    fc.property(text, (value) => {
      const shown = printable(JSON.stringify(value));
      expect(shown).toMatch(PLAIN);
      expect(JSON.parse(shown)).toBe(value);
    }),
  );
});

describe('run escapes control characters', () => {
  test('in the names of the input and of the LevelDB, and in a bad line', async () => {
    const path = fresh(`${EVIL}\n.ndjson`);
    writeFileSync(path, `{"key":"a","value":1}\n{"key":${EVIL}\n`);
    const out = fresh(EVIL);
    const { code, stdout, stderr } = await lab([path, '-o', out]);
    expectPlain(stdout, stderr);
    expect(stdout).toContain(`input    ${printable(path)} (ndjson)`);
    expect(stdout).toContain(`LevelDB  ${printable(out)}\n`);
    expect(stderr).toContain(`${printable(path)}:2: not JSON: `);
    expect(code).toBe(1);
    const json = await lab([path, '-o', out, '--skip-bad', '--json']);
    expectPlain(json.stdout, json.stderr);
    expect(json.stderr).toContain(`skipped: ${printable(path)}:2: not JSON: `);
    expect(JSON.parse(json.stdout)).toMatchObject({ input: { path }, out });
  });

  test('in the names of fields and columns, given or found', async () => {
    const ndjson = await lab(['-', '--key-field', EVIL], { stdin: '{"key":1,"value":2}\n' });
    expectPlain(ndjson.stdout, ndjson.stderr);
    expect(ndjson.stderr).toContain('stdin:1: no field "');
    const csv = await lab(['-', '-f', 'csv'], { stdin: `"${EVIL}",value\n` });
    expectPlain(csv.stdout, csv.stderr);
    expect(csv.stderr).toContain(`no column "key"; the header has ${SHOWN}, value`);
  });

  test('in a key that is missing from the LevelDB', async () => {
    const preload = fresh('forgetful.cjs');
    const classicLevel = JSON.stringify(require.resolve('classic-level'));
    writeFileSync(preload, `require(${classicLevel}).ClassicLevel.prototype.batch = async () => {};`);
    const { code, stdout, stderr } = await lab(['-', '--watch'], {
      stdin: `${JSON.stringify({ key: EVIL, value: 1 })}\n`,
      under: ['env', `NODE_OPTIONS=--require=${preload}`],
    });
    expectPlain(stdout, stderr);
    expect(stderr).toContain('the first keys: "\\u001b[2J');
    expect(code).toBe(1);
  });

  test('in the names of files, of a dump and of a trace', async () => {
    const path = fresh('files');
    mkdirSync(path);
    for (let i = 0; i < 3; i++) writeFileSync(join(path, `${EVIL}${i}`), 'x');
    const missing = join(fresh(EVIL), 'file');
    const dump = await lab([path, '--dump', missing]);
    expectPlain(dump.stdout, dump.stderr);
    expect(dump.stderr).toContain(`cannot write the dump to ${printable(missing)}: `);
    const record = await lab([path, '--record', missing]);
    expectPlain(record.stdout, record.stderr);
    expect(record.stderr).toMatch(/^error: cannot write the trace: /);
    const trace = spawnSync(process.execPath, [MAIN, 'tune', '--trace', missing], { encoding: 'utf8' });
    expectPlain(trace.stdout, trace.stderr);
    expect(trace.stderr).toContain(printable(missing));
  });

  test('in arguments of the command line', async () => {
    for (const args of [[`--${EVIL}`], ['-f', EVIL], ['-w', EVIL], [EVIL], ['-', EVIL]]) {
      const { stdout, stderr } = await lab(args);
      expectPlain(stdout, stderr);
      expect(stderr).toMatch(/^error: /);
    }
    const text = fresh(`${EVIL}\n.txt`);
    writeFileSync(text, '');
    const unclear = await lab([text]);
    expect(unclear.stderr).toBe(
      `error: ${printable(text)} does not end in one of .ndjson .jsonl .csv .tsv: name its format with --format\n`,
    );
    expect(unclear.code).toBe(2);
  });

  // Bars and the live display use escape sequences themselves, so these tests look for those of the input.
  const inTerminal = itWith(available(['script', '--version']), 'script');
  for (const options of ['', '--watch']) {
    inTerminal(`in a bad line, in a terminal with ${options || 'progress bars'}`, async () => {
      const input = fresh('input.ndjson');
      writeFileSync(input, `{"key":${EVIL}\n{"key":"a","value":1}\n`);
      const { stdout } = await lab([input, '--skip-bad', ...(options === '' ? [] : [options])], {
        under: ['sh', '-c', 'exec script -qec "stty rows 40 cols 200; $(printf "%s " "$@")" /dev/null', 'sh'],
      });
      expect(stdout).toContain('\u001b[');
      expect(stdout).toContain('skipped: ');
      expect(stdout).toContain('\\u001b');
      for (const evil of ['\u001b[2J\u001b]', '\u0007', '\u009b', '\u202e', '\u2066', '\u2028']) {
        expect(stdout).not.toContain(evil);
      }
    });
  }
});

describe('run flushes the entries read before a failure', () => {
  const stdin = ['a', 'b', 'c'].map((key) => `{"key":"${key}","value":1}\n`).join('');

  test('when a bug ends the run, and escapes control characters in the stack trace', async () => {
    const preload = fresh('bug.cjs');
    writeFileSync(
      preload,
      `const crypto = require('node:crypto');
      const { hash } = crypto;
      let calls = 0;
      crypto.hash = (...args) => {
        if (++calls === 3) throw new Error(${JSON.stringify(EVIL)});
        return hash(...args);
      };
      require('node:module').syncBuiltinESMExports();`,
    );
    const out = fresh('db');
    const env = { ...process.env, NODE_OPTIONS: `--require=${preload}` };
    const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, 'run', '-', '-o', out], {
      encoding: 'utf8',
      env,
      input: stdin,
    });
    expectPlain(stdout, stderr);
    expect(stdout).toContain('verified ');
    expect(stderr).toContain('stopped there; the 3 entries before it were flushed');
    expect(stderr).toMatch(/^Error: \\u001b\[2J.*\n {4}at /m);
    expect(status).toBe(1);
    expect(await contentOf(out)).toEqual({ a: '1', b: '1', c: '1' });
  });

  itWith(available(['test', '-c', '/dev/full']), '/dev/full')('when the trace cannot be written', async () => {
    const out = fresh('db');
    const many = Array.from({ length: 3000 }, (_, i) => `{"key":"${i}","value":"${'v'.repeat(100)}"}\n`).join('');
    const { code, stdout, stderr } = await lab(['-', '-o', out, '-w', '64KiB', '--record', '/dev/full'], {
      stdin: many,
    });
    expect(stdout).toContain('verified 3000 entries');
    expect(stderr).toContain('cannot write the trace /dev/full: ');
    expect(code).toBe(1);
    expect(Object.keys(await contentOf(out))).toHaveLength(3000);
  });
});
