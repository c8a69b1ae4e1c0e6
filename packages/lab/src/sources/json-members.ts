const [QUOTE, BACKSLASH, OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET, COMMA] = '"\\{}[],'
  .split('')
  .map(codeOf);

export interface Member {
  readonly name: string;
  /** The JSON text of the value, without surrounding whitespace. */
  readonly value: string;
}

/**
 * Yields the members of a JSON object with the text of each value. `JSON.parse` loses that text: it rounds numbers,
 * reorders fields and keeps only one of several members with the same name. This scanner only finds the ends of values
 * and does not validate. It counts brackets instead of recursing, so nesting may be of any depth.
 * @param text - the JSON of an object; `JSON.parse` must have accepted it
 */
export function* jsonMembers(text: string): Generator<Member> {
  let at = text.indexOf('{') + 1;
  for (;;) {
    const nameStart = text.indexOf('"', at);
    if (nameStart === -1) return; // The object is empty, or the last member is done.
    const nameEnd = stringEnd(text, nameStart);
    const valueStart = text.indexOf(':', nameEnd) + 1;
    at = valueEnd(text, valueStart);
    yield { name: JSON.parse(text.slice(nameStart, nameEnd)) as string, value: text.slice(valueStart, at).trim() };
  }
}

/** The end of a value: the index of the comma or brace of the enclosing object. */
function valueEnd(text: string, start: number): number {
  let depth = 0;
  for (let at = start; ; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = stringEnd(text, at) - 1;
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth++;
    else if (depth > 0) {
      if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth--;
    } else if (code === COMMA || code === CLOSE_BRACE) return at;
  }
}

/** The index after the closing quote of the string that starts at `start`. */
function stringEnd(text: string, start: number): number {
  for (let at = start + 1; ; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    if (code === BACKSLASH) at++; // An escaped character does not end the string.
  }
}

function codeOf(character: string): number {
  return character.charCodeAt(0);
}
