/**
 * A named stream of events: a channel of `node:diagnostics_channel` where there is one, and silent elsewhere.
 *
 * A channel costs nothing without a subscriber when the event is made only after a look:
 *
 * ```ts
 * import { channel } from '@memtable/arena';
 *
 * const grown = channel<{ bytes: number }>('example:grown');
 * if (grown.hasSubscribers) grown.publish({ bytes: 4096 });
 * grown.hasSubscribers; // false
 * ```
 */
export interface Channel<Event> {
  readonly hasSubscribers: boolean;
  /** Calls every subscriber before it returns. */
  publish(event: Event): void;
}

/** Where there are no diagnostics channels nobody can subscribe, so all channels are this one. */
const SILENT: Channel<unknown> = { hasSubscribers: false, publish() {} };

/**
 * The channel of that name, the same for everyone who asks. In Node, and wherever else `process.getBuiltinModule` knows
 * `node:diagnostics_channel` (Node from 20.16 on), it is that module's; in a browser it is silent. Nothing is imported,
 * so a bundler finds no `node:` module.
 */
export function channel<Event>(name: string): Channel<Event> {
  return diagnostics?.channel(name) ?? SILENT;
}

interface Host {
  readonly process?: {
    getBuiltinModule?: (id: string) => { channel(name: string): Channel<unknown> } | undefined;
  };
}

const diagnostics = (globalThis as Host).process?.getBuiltinModule?.('node:diagnostics_channel');
