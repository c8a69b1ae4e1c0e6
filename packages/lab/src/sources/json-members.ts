const [QUOTE, BACKSLASH, OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET, COMMA] = '"\\{}[],'
  .split('')
  .map(codeOf);

export interface Member {
  readonly name: string;
  /** JSON, as it is written, without the whitespace around it. */
  readonly value: string;
}

/**
 * The members of a JSON object with their values as they are written, which `JSON.parse` cannot tell: it rounds
 * numbers, reorders fields and keeps one of several with the same name. This only looks for the ends of values, so
 * `JSON.parse` still has to say what is JSON; and it counts brackets, so any depth of nesting is read.
 * @param text - the JSON of an object, which `JSON.parse` has accepted
 */
export function* jsonMembers(text: string): Generator<Member> {
  let at = text.indexOf('{') + 1;
  for (;;) {
    const nameStart = text.indexOf('"', at);
    if (nameStart === -1) return; // An empty object, or what follows the last member.
    const nameEnd = stringEnd(text, nameStart);
    const valueStart = text.indexOf(':', nameEnd) + 1;
    at = valueEnd(text, valueStart);
    yield { name: JSON.parse(text.slice(nameStart, nameEnd)) as string, value: text.slice(valueStart, at).trim() };
  }
}

/** Where the value ends: at the comma or brace that belongs to the object around it. */
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

/** Behind the closing quote of the string that opens at `start`. */
function stringEnd(text: string, start: number): number {
  for (let at = start + 1; ; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    if (code === BACKSLASH) at++; // Whatever it escapes does not end the string.
  }
}

function codeOf(character: string): number {
  return character.charCodeAt(0);
}
