import prettyBytes from 'pretty-bytes';

/** A whole number with commas: `53,303`. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** A number of bytes with a binary unit: `16 KiB`. */
export function size(bytes: number): string {
  return prettyBytes(bytes, { binary: true });
}

/** A share from 0 to 1 as a whole percentage: ` (64 %)`. Empty when the share is unknown. */
export function percent(done: number | undefined): string {
  return done === undefined ? '' : ` (${Math.min(100, Math.floor(done * 100))} %)`;
}
