/**
 * A named stream of events: a channel of `node:diagnostics_channel` in Node, and a silent one elsewhere.
 *
 * A channel without subscribers costs nothing if the event is made only for subscribers:
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

/** Without diagnostics channels there are no subscribers, so one channel serves all names. */
const SILENT: Channel<unknown> = { hasSubscribers: false, publish() {} };

/**
 * The channel of that name, always the same one. It comes from `node:diagnostics_channel` if `process.getBuiltinModule`
 * knows that module (Node from 20.16 on), and is silent otherwise, as in a browser. Nothing is imported, so a bundler
 * finds no `node:` module.
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
