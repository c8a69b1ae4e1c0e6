/** Controls (C0, C1, DEL), characters that change the direction of text, and the line and paragraph separators. */
const UNPRINTABLE = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu;

/**
 * A line as it may reach a terminal. Keys, values, names of files and messages of others hold any characters, and a
 * terminal obeys some of them: they could hide or forge what is shown. These appear as JSON writes them, so JSON stays
 * the same JSON.
 */
export function printable(line: string): string {
  return line.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Writes lines. Nothing else in the command line writes to a stream, but what draws bars and tables anew. */
export function print(stream: NodeJS.WritableStream, ...lines: readonly string[]): void {
  stream.write(lines.map((line) => `${printable(line)}\n`).join(''));
}

/** Writes a text whose ends of lines are our own, as in help or in a JSON document. */
export function printText(stream: NodeJS.WritableStream, text: string): void {
  print(stream, ...text.replace(/\n$/, '').split('\n'));
}

/** Where commander writes its help and what is wrong with a command line. */
export const commanderOutput = {
  writeOut: (text: string): void => printText(process.stdout, text),
  writeErr: (text: string): void => printText(process.stderr, text),
};
