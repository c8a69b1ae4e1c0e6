/** Formats counts and bytes as text. */

export function count(value: number): string {
  return value.toLocaleString('en-US');
}

export function byteCount(value: number): string {
  return `${count(value)} ${value === 1 ? 'byte' : 'bytes'}`;
}

export function entriesText(value: number): string {
  return `${count(value)} ${value === 1 ? 'entry' : 'entries'}`;
}

export function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

/** Bytes as text if they are printable UTF-8, else in hexadecimal. */
export function textOf(bytes: Uint8Array, charactersMax = 60): string {
  let text: string;
  try {
    // In stream mode, a character cut off at the end is not an error.
    const decoder = new TextDecoder('utf-8', { fatal: true });
    text = decoder.decode(bytes.subarray(0, 4 * charactersMax), { stream: true });
    // eslint-disable-next-line no-control-regex
    if (/[\x00-\x1f\x7f]/.test(text)) throw new Error('control characters');
  } catch {
    text = `0x${Array.from(bytes.subarray(0, charactersMax / 2), hexByte).join('')}`;
  }
  return text.length > charactersMax ? `${text.slice(0, charactersMax - 1)}…` : text;
}
