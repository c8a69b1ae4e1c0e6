import fc from 'fast-check';

/** Halves of surrogate pairs, whole pairs beside them, and half of a pair in the wrong order. */
const ILL_FORMED = ['\ud800', '\udbff', '\udc00', '\udfff', '\udc00\ud800', '\ud800\ud83d\ude00', 'a\ud83d', '\ude00z'];

/** Parts of well-formed strings that hurt. */
const HURTING = [
  '\0',
  '\ufffd', // What an encoder puts in the place of half a pair.
  '\ufffe',
  '\uffff', // Sorts after all pairs by code units, before them by bytes.
  '\ufeff', // A byte order mark, which decoders like to drop.
  '\u{10000}',
  '\u{1f600}',
  '\u{10ffff}',
  '\u00e9', // Composed: one character for an e with an acute accent.
  'e\u0301', // Decomposed: two.
  '\u1e9b\u0323', // Another string in each of the four normal forms.
  '\u212b', // The sign for angstrom, which no normal form leaves as it is.
  '\uac00',
  '\u1100\u1161',
];

/**
 * Strings that hurt: none at all, NUL, U+FFFE and U+FFFF, a byte order mark, characters beyond U+FFFF, composed and
 * decomposed forms of one character; and halves of surrogate pairs, unless `wellFormed` is set.
 * @param options - `wellFormed`: only strings that UTF-8 can hold. Both of `isWellFormed()` are made by default
 */
export function strings(options: { wellFormed?: boolean } = {}): fc.Arbitrary<string> {
  const { wellFormed = false } = options;
  const part = fc.oneof(
    { weight: 4, arbitrary: fc.string({ minLength: 1, maxLength: 4 }) },
    { weight: 4, arbitrary: fc.constantFrom(...HURTING) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }) },
    { weight: wellFormed ? 0 : 3, arbitrary: fc.constantFrom(...ILL_FORMED) },
  );
  // Two halves that stand in the wrong parts may become a pair when they are joined. That is fine here.
  return fc.array(part, { maxLength: 4 }).map((parts) => parts.join(''));
}

/**
 * Strings that a careless store takes for one another: a string, its composed and its decomposed form, the same with
 * half a surrogate pair behind it, with the other half, and with the U+FFFD that an encoder makes of both.
 */
export function stringPool(options: { wellFormed?: boolean } = {}): fc.Arbitrary<string[]> {
  const { wellFormed = false } = options;
  return strings(options).map((text) => [
    ...new Set([
      text,
      text.normalize('NFC'),
      text.normalize('NFD'),
      `${text}\u00e9`,
      `${text}e\u0301`,
      `${text}\ufffd`,
      `${text}\uffff`,
      `${text}\u{10000}`,
      `${text}\0`,
      ...(wellFormed ? [] : [`${text}\ud800`, `${text}\udfff`]),
    ]),
  ]);
}
