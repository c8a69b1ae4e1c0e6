/**
 * A channel of Node's `diagnostics_channel`, which Node has from 20.16 on, and browsers do not have. Names start with
 * `memtable:`. No message is made while nobody listens.
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

/** The channel of this name; where there is no `diagnostics_channel`, one without subscribers. */
export function channel(name: string): Channel {
  return builtin === undefined ? NOBODY : builtin.channel(name);
}

/** The object that all channels of one trace pass on. `result` or `error` is added when it is known. */
export interface TraceContext {
  [name: string]: unknown;
  result?: unknown;
  error?: unknown;
}

/**
 * The channels of an operation that takes time. They have the names that Node's `tracingChannel` subscribes to:
 * `start` and `end` around its beginning, `asyncStart` and `asyncEnd` around its end, and `error` before these if it
 * failed. Node's own `tracingChannel` traces a call or a promise; a compaction is neither, as it goes on between
 * writes.
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
