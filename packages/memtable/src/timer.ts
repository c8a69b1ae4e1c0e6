export type Timer = ReturnType<typeof setTimeout>;

/** A timer. @param alive - whether it keeps the process alive */
export function setTimer(alive: boolean, ms: number, call: () => void): Timer {
  const timer = setTimeout(call, ms);
  if (!alive) (timer as { unref?: () => void }).unref?.();
  return timer;
}
