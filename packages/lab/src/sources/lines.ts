import { constants } from 'node:buffer';

const NEWLINE = 0x0a;

/**
 * Yields the lines of a stream as bytes, without the newline. Yields undefined for a line of more than `bytesMax`
 * bytes, by default the length of the longest possible string.
 *
 * Lines are bytes so that the caller can detect invalid UTF-8; a string would already hold replacement characters.
 * The chunks of a long line are joined once, at its end.
 */
export async function* lines(
  chunks: AsyncIterable<Buffer>,
  bytesMax: number = constants.MAX_STRING_LENGTH,
): AsyncGenerator<Buffer | undefined> {
  let parts: Buffer[] = [];
  let bytes = 0;
  const add = (part: Buffer): void => {
    bytes += part.length;
    if (bytes <= bytesMax) parts.push(part);
    else parts = [];
  };
  const end = (): Buffer | undefined => {
    const line = bytes <= bytesMax ? Buffer.concat(parts) : undefined;
    parts = [];
    bytes = 0;
    return line;
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let stop = chunk.indexOf(NEWLINE); stop !== -1; stop = chunk.indexOf(NEWLINE, start)) {
      add(chunk.subarray(start, stop));
      yield end();
      start = stop + 1;
    }
    add(chunk.subarray(start));
  }
  if (bytes > 0) yield end();
}
