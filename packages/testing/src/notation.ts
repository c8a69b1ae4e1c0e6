/**
 * The text form of bytes and operations. A counterexample in it can be read, pasted as code, and kept as JSON.
 *
 * ```
 *   bytes('')             no bytes
 *   bytes('61ff')         two bytes
 *   bytes('61*4096 00')   the byte 61 4096 times, then 00
 * ```
 *
 * In JSON, bytes are the same text after `0x`, and a bigint is its digits before `n`.
 */
import { TestingError } from './errors.js';

/** A value that `JSON.parse` can return. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** Equal bytes in a row are written with `*` from this length on. */
const RUN_BYTES_MIN = 5;

/**
 * Reads bytes from the notation that counterexamples use: pairs of lower-case hex digits, with `*` and a count behind a
 * byte that repeats, and spaces between the parts.
 * @throws TestingError `TESTING_MALFORMED` if the text is not in this notation
 * @example
 * ```ts
 * import { bytes } from '@memtable/testing';
 *
 * [...bytes('61*3 00')]; // [0x61, 0x61, 0x61, 0x00]
 * ```
 */
export function bytes(notation: string): Uint8Array {
  const found: number[] = [];
  for (const part of notation.split(' ')) {
    const match = /^((?:[0-9a-f]{2})*)(?:\*(\d+))?$/.exec(part);
    const hex = match?.[1] ?? '';
    if (match === null || (match[2] !== undefined && hex.length !== 2)) {
      throw new TestingError('TESTING_MALFORMED', `not bytes: '${notation}'`);
    }
    for (let times = Number(match[2] ?? 1); times > 0; times--) {
      for (let i = 0; i < hex.length; i += 2) found.push(parseInt(hex.slice(i, i + 2), 16));
    }
  }
  return Uint8Array.from(found);
}

/** Writes bytes in the notation that {@link bytes} reads. */
export function notate(from: Uint8Array): string {
  const parts = [''];
  for (let at = 0; at < from.length;) {
    let end = at + 1;
    while (end < from.length && from[end] === from[at]) end++;
    const hex = from[at].toString(16).padStart(2, '0');
    if (end - at >= RUN_BYTES_MIN) parts.push(`${hex}*${end - at}`, '');
    else parts.push(parts.pop()! + hex.repeat(end - at));
    at = end;
  }
  return parts.filter((part) => part !== '').join(' ');
}

/** A value as code to paste: bytes as a call of {@link bytes}, arrays and objects as literals. */
export function code(value: unknown): string {
  if (value instanceof Uint8Array) return `bytes('${notate(value)}')`;
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'string') return `'${value}'`;
  if (Array.isArray(value)) return `[${value.map(code).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).map(([name, field]) => `${name}: ${code(field)}`);
    return `{ ${fields.join(', ')} }`;
  }
  return String(value);
}

/** A value as JSON. undefined becomes `null`. */
export function toJson(value: unknown): Json {
  if (value instanceof Uint8Array) return `0x${notate(value)}`;
  if (typeof value === 'bigint') return `${value}n`;
  if (value === undefined) return null;
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, toJson(field)]));
  }
  return value as Json;
}

/** The value that {@link toJson} has converted. `null` becomes undefined. */
export function fromJson(json: Json): unknown {
  if (json === null) return undefined;
  if (typeof json === 'string') {
    if (json.startsWith('0x')) return bytes(json.slice(2));
    return /^\d+n$/.test(json) ? BigInt(json.slice(0, -1)) : json;
  }
  if (Array.isArray(json)) return json.map(fromJson);
  if (typeof json === 'object') {
    return Object.fromEntries(Object.entries(json).map(([name, field]) => [name, fromJson(field)]));
  }
  return json;
}
