/** What is used of tape here; `@types/tape` does not know what streams of objects hold. */
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
  /** A stream as Node had them at first: it cannot be iterated. */
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
