/** Makes the bytes in the operations of a failing run as few and as small as the failure allows. */
import { fromJson, type Json, toJson } from './notation.js';

/** Bytes up to this length are tried without each single one, and with each one smaller. */
const SINGLE_BYTES_MAX = 64;
/** Upper bound on the runs that are tried. */
const RUNS_MAX = 1000;

/**
 * Equal bytes stand for one key or value, so they are replaced together.
 * @param fails - runs operations. @returns those that were executed if the run fails, else undefined
 */
export async function shrinkBytes(
  failing: readonly Json[],
  fails: (operations: readonly Json[]) => Promise<readonly Json[] | undefined>,
): Promise<readonly Json[]> {
  let operations = failing;
  let runs = 0;
  const replace = async (old: Uint8Array, young: Uint8Array): Promise<boolean> => {
    if (runs++ >= RUNS_MAX) return false;
    const executed = await fails(operations.map((operation) => withBytes(operation, toJson(old), toJson(young))));
    if (executed !== undefined) operations = executed;
    return executed !== undefined;
  };
  // Smaller bytes of one kind can make smaller ones of another possible.
  for (let before: string | undefined; before !== JSON.stringify(operations) && runs < RUNS_MAX;) {
    before = JSON.stringify(operations);
    for (const found of bytesIn(operations)) await shrink(fromJson(found) as Uint8Array, replace);
  }
  return operations;
}

async function shrink(
  longest: Uint8Array,
  replace: (old: Uint8Array, young: Uint8Array) => Promise<boolean>,
): Promise<void> {
  let bytes = longest;
  const tryOut = async (young: Uint8Array): Promise<boolean> => {
    const isSmaller = await replace(bytes, young);
    if (isSmaller) bytes = young;
    return isSmaller;
  };
  // Shorter: without the end, then without the start, in pieces that become half as long.
  for (let cut = bytes.length; cut >= 1; cut = cut >> 1) {
    while (cut <= bytes.length && (await tryOut(bytes.slice(0, bytes.length - cut))));
    while (cut <= bytes.length && (await tryOut(bytes.slice(cut))));
  }
  if (bytes.some((byte) => byte !== 0)) await tryOut(new Uint8Array(bytes.length));
  if (bytes.length > SINGLE_BYTES_MAX) return;
  for (let i = bytes.length - 1; i >= 0; i--) {
    if (await tryOut(Uint8Array.from([...bytes.slice(0, i), ...bytes.slice(i + 1)]))) continue;
    for (let less = bytes[i]; less >= 1; less = less >> 1) {
      while (less <= bytes[i] && (await tryOut(bytes.with(i, bytes[i] - less))));
    }
  }
}

/** The distinct bytes in operations, the longest first. */
function bytesIn(operations: readonly Json[]): string[] {
  const found = new Set<string>();
  JSON.stringify(operations, (_, value: Json) => {
    if (typeof value === 'string' && value.startsWith('0x')) found.add(value);
    return value;
  });
  const lengthOf = (json: string): number => (fromJson(json) as Uint8Array).length;
  return [...found].sort((a, b) => lengthOf(b) - lengthOf(a));
}

function withBytes(operation: Json, old: Json, young: Json): Json {
  const replaced = (_: string, value: Json): Json => (value === old ? young : value);
  return JSON.parse(JSON.stringify(operation), replaced) as Json;
}
