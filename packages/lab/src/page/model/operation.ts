/**
 * The operations of a session, as data. Undo replays all but the last one, and a link carries them all. The text form
 * separates operations by `~`, and writes `*n` after one that occurs n times in a row:
 *
 * ```
 *   p:key:value  p:key:value:bytes  d:key  b:p:key:value:d:key  s:sample:order:count  f  t:target  r  a  x
 * ```
 */
import { isSample, type SampleName } from './samples.js';

/** When the flush target accepts a table: at once, after a delay, never, or on command. */
export const TARGETS = ['prompt', 'slow', 'failing', 'held'] as const;
export type TargetMode = (typeof TARGETS)[number];

export type Write =
  /** `bytes`: repeats or cuts the value to this length. */
  { readonly type: 'put'; readonly key: string; readonly value: string; readonly bytes?: number } | Deletion;
interface Deletion {
  readonly type: 'del';
  readonly key: string;
}

export type Operation =
  | Write
  | { readonly type: 'batch'; readonly writes: readonly Write[] }
  /** Inserts the next entries of a sample, with one write each. */
  | { readonly type: 'load'; readonly sample: SampleName; readonly ascending: boolean; readonly count: number }
  | { readonly type: 'freeze' }
  | { readonly type: 'target'; readonly mode: TargetMode }
  /** A step of a target that is not prompt: it reads its run, then accepts it or fails. */
  | { readonly type: 'read' | 'accept' | 'fail' };

/** Whether the user performs this operation; the flush target performs the others. */
export function isUserOperation({ type }: Operation): boolean {
  return type !== 'read' && type !== 'accept' && type !== 'fail';
}

export function encodeOperations(operations: readonly Operation[]): string {
  const parts: { text: string; count: number }[] = [];
  for (const operation of operations) {
    const text = encode(operation);
    const last = parts.at(-1);
    if (last?.text === text) last.count++;
    else parts.push({ text, count: 1 });
  }
  return parts.map(({ text, count }) => (count === 1 ? text : `${text}*${count}`)).join('~');
}

/** Parses the text form. @throws Error that names the invalid part */
export function decodeOperations(text: string): Operation[] {
  if (text === '') return [];
  const operations = text.split('~').flatMap((part) => {
    const [, body, times = '1'] = /^([^*]*)(?:\*(\d{1,6}))?$/.exec(part) ?? fail(part);
    const operation = decode(body.split(':').map(decodeURIComponent), part);
    if (Number(times) > OPERATIONS_MAX) return fail(part);
    return Array<Operation>(Number(times)).fill(operation);
  });
  if (operations.length > OPERATIONS_MAX)
    throw new Error(`${operations.length} operations; at most ${OPERATIONS_MAX} are allowed`);
  return operations;
}

/** Bounds the work that a short link such as `f*999999` can cause. */
const OPERATIONS_MAX = 20_000;

function encode(operation: Operation): string {
  switch (operation.type) {
    case 'put':
    case 'del':
      return encodeWrite(operation);
    case 'batch':
      return ['b', ...operation.writes.map(encodeWrite)].join(':');
    case 'load':
      return ['s', operation.sample, operation.ascending ? 'a' : 's', operation.count].join(':');
    case 'target':
      return `t:${operation.mode}`;
    default:
      return SHORT[operation.type];
  }
}

const SHORT = { freeze: 'f', read: 'r', accept: 'a', fail: 'x' } as const;

function encodeWrite(write: Write): string {
  if (write.type === 'del') return `d:${escape(write.key)}`;
  // A batch writes its operations without a separator, so the length is never left out.
  return `p:${escape(write.key)}:${escape(write.value)}:${write.bytes ?? ''}`;
}

function decode(fields: string[], part: string): Operation {
  const [kind, ...rest] = fields;
  if (kind === 'b') {
    const writes: Write[] = [];
    while (rest.length > 0) writes.push(decodeWrite(rest, part));
    return { type: 'batch', writes };
  }
  if (kind === 's') {
    const [sample, order, count] = rest;
    if (!isSample(sample) || !/^[as]$/.test(order) || !/^\d{1,6}$/.test(count)) return fail(part);
    return { type: 'load', sample, ascending: order === 'a', count: Number(count) };
  }
  if (kind === 't') {
    const mode = TARGETS.find((mode) => mode === rest[0]);
    return mode === undefined ? fail(part) : { type: 'target', mode };
  }
  for (const [type, short] of Object.entries(SHORT)) if (short === kind) return { type } as Operation;
  return decodeWrite(fields, part);
}

/** Removes a write from the front of the fields, and returns it. */
function decodeWrite(fields: string[], part: string): Write {
  const kind = fields.shift();
  if (kind === 'd' && fields.length >= 1) return { type: 'del', key: fields.shift()! };
  if (kind !== 'p' || fields.length < 2) return fail(part);
  const [key, value, bytes = ''] = fields.splice(0, 3);
  if (!/^\d{0,8}$/.test(bytes)) return fail(part);
  return { type: 'put', key, value, ...(bytes === '' ? {} : { bytes: Number(bytes) }) };
}

function escape(text: string): string {
  return encodeURIComponent(text).replace(/[~*]/g, (mark) => `%${mark.charCodeAt(0).toString(16)}`);
}

function fail(part: string): never {
  throw new Error(`"${part}" is not an operation`);
}
