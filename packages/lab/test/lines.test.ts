import { lines } from '../src/sources/lines.js';

async function linesOf(chunks: Buffer[], bytesMax?: number): Promise<(string | undefined)[]> {
  const found: (string | undefined)[] = [];
  const stream = (async function* () {
    yield* chunks;
  })();
  for await (const line of lines(stream, bytesMax)) found.push(line?.toString('latin1'));
  return found;
}

const TEXT = Buffer.from('one\n\n\xff\xfe\r\nlast', 'latin1');
const LINES = ['one', '', '\xff\xfe\r', 'last'];

test('lines() yields the bytes between newlines, wherever the chunks end', async () => {
  for (let a = 0; a <= TEXT.length; a++) {
    for (let b = a; b <= TEXT.length; b++) {
      expect(await linesOf([TEXT.subarray(0, a), TEXT.subarray(a, b), TEXT.subarray(b)])).toEqual(LINES);
    }
  }
});

test('lines() yields no empty line after a newline at the end', async () => {
  expect(await linesOf([Buffer.from('a\n')])).toEqual(['a']);
  expect(await linesOf([])).toEqual([]);
});

test('lines() yields undefined for a line above the limit, and goes on with the next line', async () => {
  const chunks = ['1234', '5\n1234\n123', '45', '6\n', '12345'].map((text) => Buffer.from(text));
  expect(await linesOf(chunks, 4)).toEqual([undefined, '1234', undefined, undefined]);
});
