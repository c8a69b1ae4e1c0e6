import { printed } from '../src/index.js';

test.each([
  ['a string', 'a"b', `'a"b'`],
  ['a string with a line break', 'a\nb', String.raw`'a\nb'`],
  ['a long string', 'x'.repeat(1000), `'${'x'.repeat(60)}…'`],
  ['a number', 1.5, '1.5'],
  ['NaN', NaN, 'NaN'],
  ['a bigint', 5n, '5n'],
  ['a symbol', Symbol('s'), 'Symbol(s)'],
  ['null', null, 'null'],
  ['undefined', undefined, 'undefined'],
  ['a boolean', true, 'true'],
  ['an array', [1], 'an array'],
  ['a function', () => 1, 'a function'],
  ['an object without a prototype', Object.create(null), 'an object'],
  [
    'an object whose text throws',
    {
      toString() {
        throw new Error('called');
      },
    },
    'an object',
  ],
])('the message of an error prints %s', (_, value, text) => {
  expect(printed(value)).toBe(text);
});
