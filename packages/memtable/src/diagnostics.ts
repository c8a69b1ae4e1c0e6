/**
 * Events on Node's `diagnostics_channel`, where there is one (Node 20.16 and later; not in browsers). Names start with
 * `memtable:`; nothing is made of an event while nobody listens.
 */
export interface Channel {
  readonly hasSubscribers: boolean;
  publish(message: unknown): void;
}

interface DiagnosticsChannel {
  channel(name: string): Channel;
}

const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
const builtin = process?.getBuiltinModule?.('node:diagnostics_channel') as DiagnosticsChannel | undefined;

const NOBODY: Channel = { hasSubscribers: false, publish: () => undefined };

/** The channel of this name; one that nobody can listen to where there are none. */
export function channel(name: string): Channel {
  return builtin === undefined ? NOBODY : builtin.channel(name);
}

/** What is passed to all channels of a trace, the same object; `result` or `error` come when they are known. */
export interface TraceContext {
  [name: string]: unknown;
  result?: unknown;
  error?: unknown;
}

/**
 * The channels of something that takes time, named as Node's `tracingChannel` names them, which can subscribe to all at
 * once: `start` and `end` around what begins it, `asyncStart` and `asyncEnd` around what ends it, `error` before that if it
 * failed. Compactions go on between writes, so there is no one call or promise to trace.
 */
export class Trace {
  readonly #start: Channel;
  readonly #end: Channel;
  readonly #asyncStart: Channel;
  readonly #asyncEnd: Channel;
  readonly #error: Channel;

  constructor(name: string) {
    this.#start = channel(`tracing:${name}:start`);
    this.#end = channel(`tracing:${name}:end`);
    this.#asyncStart = channel(`tracing:${name}:asyncStart`);
    this.#asyncEnd = channel(`tracing:${name}:asyncEnd`);
    this.#error = channel(`tracing:${name}:error`);
  }

  /** Something begins. */
  begin(context: TraceContext): void {
    this.#start.publish(context);
    this.#end.publish(context);
  }

  succeed(context: TraceContext, result: unknown): void {
    context.result = result;
    this.#asyncStart.publish(context);
    this.#asyncEnd.publish(context);
  }

  fail(context: TraceContext, error: unknown): void {
    context.error = error;
    this.#error.publish(context);
    this.#asyncStart.publish(context);
    this.#asyncEnd.publish(context);
  }
}
