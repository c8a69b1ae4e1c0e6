export type Timer = ReturnType<typeof setTimeout>;

/** A timer that keeps the process alive or does not. */
export function setTimer(alive: boolean, ms: number, call: () => void): Timer {
  const timer = setTimeout(call, ms);
  if (!alive) (timer as { unref?: () => void }).unref?.();
  return timer;
}
