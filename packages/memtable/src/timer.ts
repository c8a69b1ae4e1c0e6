/** What `setTimeout` returns. Written so that the types need no library that declares it. */
export type Timer = typeof globalThis extends { setTimeout: (...args: never[]) => infer Result } ? Result : unknown;

/** A timer. @param alive - whether it keeps the process alive */
export function setTimer(alive: boolean, ms: number, call: () => void): Timer {
  const timer = setTimeout(call, ms);
  if (!alive) (timer as { unref?: () => void }).unref?.();
  return timer;
}
