/** Control characters (C0, C1, DEL), bidirectional controls, and the line and paragraph separators. */
const UNPRINTABLE = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu;

/**
 * Escapes a line for a terminal. Keys, values, file names and messages from elsewhere may hold control characters,
 * which could hide or forge output. Each is written as a JSON escape, so a line of JSON keeps its meaning.
 */
export function printable(line: string): string {
  return line.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Writes escaped lines. All output passes through here, except the progress bars and the live display. */
export function print(stream: NodeJS.WritableStream, ...lines: readonly string[]): void {
  stream.write(lines.map((line) => `${printable(line)}\n`).join(''));
}

/** Writes a text with line breaks of our own, such as help or a JSON document. */
export function printText(stream: NodeJS.WritableStream, text: string): void {
  print(stream, ...text.replace(/\n$/, '').split('\n'));
}

/** Commander's output functions, for help and for errors of the command line. */
export const commanderOutput = {
  writeOut: (text: string): void => printText(process.stdout, text),
  writeErr: (text: string): void => printText(process.stderr, text),
};
