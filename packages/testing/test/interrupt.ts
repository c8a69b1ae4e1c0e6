import { createContext, Script } from 'node:vm';

const context = createContext() as { call?: () => void };
const script = new Script('call()');

/** Runs a call, and throws if it has not ended after `ms` milliseconds. */
export function interrupt(call: () => void, ms: number): void {
  context.call = call;
  script.runInContext(context, { timeout: Math.ceil(ms) });
}
