import { tracingChannel } from 'node:diagnostics_channel';

/** Records the messages on the channels of flushes from now on, in order. */
export function listenToFlushes(): { seen: string[]; contexts: Set<unknown>; stop: () => void } {
  const seen: string[] = [];
  const contexts = new Set<unknown>();
  const note = (name: string) => (context: object) => {
    contexts.add(context);
    const { error, result } = context as { error?: Error; result?: object };
    seen.push(error !== undefined ? `${name}: ${String(error)}` : result !== undefined ? `${name}, done` : name);
  };
  const subscribers = {
    start: note('start'),
    end: note('end'),
    asyncStart: note('asyncStart'),
    asyncEnd: note('asyncEnd'),
    error: note('error'),
  };
  tracingChannel('memtable:flush').subscribe(subscribers);
  return { seen, contexts, stop: () => tracingChannel('memtable:flush').unsubscribe(subscribers) };
}

/** The messages when the first attempt fails and the second succeeds. */
export const TWO_ATTEMPTS = [
  ...['start', 'end', 'error: Error: no', 'asyncStart: Error: no', 'asyncEnd: Error: no'],
  ...['start', 'end', 'asyncStart, done', 'asyncEnd, done'],
];

export function failingOnce(): { write: () => Promise<void> } {
  let attempts = 0;
  return {
    write: async () => {
      if (++attempts === 1) throw new Error('no');
    },
  };
}
