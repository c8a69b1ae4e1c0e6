/** The part of tape that the tests use. `@types/tape` does not type the rows of an object stream. */
declare module 'tape' {
  export interface Row {
    readonly type: 'test' | 'assert' | 'end';
    readonly name?: string;
    readonly ok?: boolean;
    readonly error?: Error;
    readonly operator?: string;
    readonly actual?: unknown;
    readonly expected?: unknown;
  }
  /** A stream of Node's first kind: it has events, but no async iterator. */
  export interface Stream {
    on(event: 'data', listener: (row: Row) => void): this;
    on(event: 'end', listener: (value?: unknown) => void): this;
  }
  export interface Harness {
    (name: string, call: (t: unknown) => void): void;
    createStream(options: { objectMode: true }): Stream;
  }
  export function createHarness(): Harness;
}

declare module 'abstract-level/test' {
  export default function suite(options: { test: unknown; factory: (options?: object) => unknown }): void;
}
