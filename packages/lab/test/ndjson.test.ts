/** An NDJSON value is stored as its JSON text, or its line is bad. */
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { jsonMembers } from '../src/sources/json-members.js';
import { ndjson } from '../src/sources/ndjson.js';
import { ByteLimit } from '../src/sources/source.js';

const FIELDS = { key: 'key', value: 'value' };

/** The entry of a line as `key=value`, or the error message of a bad line. */
async function told(line: string): Promise<string> {
  const found: string[] = [];
  const reading = {
    onBad: (error: Error) => void found.push(error.message),
    limit: new ByteLimit(Infinity),
    signal: new AbortController().signal,
  };
  for await (const { key, value } of ndjson(Readable.from([Buffer.from(line)]), 'file', FIELDS, reading)) {
    found.push(`${Buffer.from(key).toString()}=${Buffer.from(value).toString()}`);
  }
  expect(found).toHaveLength(1);
  return found[0];
}

const DEPTH = 100_000;
const DEEP = '['.repeat(DEPTH) + ']'.repeat(DEPTH);

test.each([
  ['a number beyond 2^53', '12345678901234567890'],
  ['a number beyond all doubles', '1e400'],
  ['a number with more digits than a double has', '0.1000000000000000055511151231257827'],
  ['a number in a notation that JavaScript does not print', '-1.50E+003'],
  ['minus zero', '-0'],
  ['an object whose fields look like indices', '{"b":1,"2":2,"1":3}'],
  ['an object with the same field twice', '{"a":1,"a":2}'],
  ['whitespace inside of a value', '[ 1,\t{ "a" :  null } ]'],
  ['escapes in a string inside of a value', '["\\u0041\\/\\"]}"]'],
  ['brackets and quotes in strings', '{"}":"]","\\\\":"\\\\\\""}'],
  ['a value that is nested 100,000 deep', DEEP],
])('NDJSON keeps the text of %s', async (_what, value) => {
  expect(await told(`{"key":"a","value":${value}}`)).toBe(`a=${value}`);
  expect(await told(` { "value" \t:\r ${value} ,"other":{"key":1,"value":2}, "key":"a"} \r`)).toBe(`a=${value}`);
});

test('NDJSON keeps the text of a number that is a key', async () => {
  for (const key of ['9007199254740993', '1e999', '-0', '1.0', '12']) {
    expect(await told(`{"key":${key},"value":1}`)).toBe(`${key}=1`);
  }
});

test('NDJSON stores a string as its unescaped characters', async () => {
  expect(await told('{"key":"\\u00e4\\n","value":"\\ud83d\\ude00\\"\\\\"}')).toBe('ä\n=😀"\\');
  expect(await told('{"key":"","value":""}')).toBe('=');
});

test('NDJSON accepts escapes in the name of a field', async () => {
  expect(await told('{"\\u006bey":"a","v\\u0061lue":1}')).toBe('a=1');
  expect(await told('{"\\\\key":"b","key":"a","value":1}')).toBe('a=1');
});

test.each([
  ['the key twice', '{"key":"a","value":1,"key":"b"}', '2 fields "key"'],
  ['the value three times', '{"value":1,"key":"a","value":2,"value":2}', '3 fields "value"'],
  ['the key twice, once written with escapes', '{"key":"a","value":1,"k\\u0065y":"a"}', '2 fields "key"'],
  ['the value only inside another field', '{"key":"a","other":{"value":1}}', 'no field "value"'],
  ['no field at all', '{}', 'no field "key"'],
  ['a key that is true', '{"key":true,"value":1}', 'the key "key" is neither a string nor a number'],
  ['a key that is an object', '{"key":{"value":2},"value":1}', 'the key "key" is neither a string nor a number'],
  ['an array', '[{"key":1,"value":2}]', 'not a JSON object'],
  ['more than one object', '{"key":1,"value":2}{"key":1,"value":2}', 'not JSON: '],
  ['100,000 brackets that open', '['.repeat(DEPTH), 'not JSON: '],
  ['a value that opens 100,000 brackets', `{"key":1,"value":${'['.repeat(DEPTH)}`, 'not JSON: '],
  ['an array that is nested 100,000 deep', DEEP, 'not a JSON object'],
])('NDJSON refuses a line with %s, and names the line', async (_what, line, what) => {
  expect((await told(line)).slice(0, `file:1: ${what}`.length)).toBe(`file:1: ${what}`);
});

test('jsonMembers() yields the members that JSON.parse finds, with their text', () => {
  const space = fc.stringMatching(/^[ \t\r\n]*$/, { maxLength: 3 });
  const name = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('__proto__', '1', '0', '"', '\\'));
  fc.assert(
    fc.property(fc.array(fc.tuple(name, fc.json(), space, space, space, space)), space, (members, around) => {
      const parts = members.map(([name, value, a, b, c, d]) => `${a}${JSON.stringify(name)}${b}:${c}${value}${d}`);
      const text = `${around}{${parts.length === 0 ? around : parts.join(',')}}${around}`;
      const found = [...jsonMembers(text)];
      expect(found).toEqual(members.map(([name, value]) => ({ name, value })));
      const last = new Map(found.map(({ name, value }) => [name, JSON.parse(value) as unknown]));
      expect(last).toEqual(new Map(Object.entries(JSON.parse(text) as object)));
    }),
  );
});
