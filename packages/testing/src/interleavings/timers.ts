import type fc from 'fast-check';

/**
 * Replaces the global timers by tasks of a scheduler. A timer then fires when the scheduler runs its task, whatever its
 * delay, and the test does not wait.
 * @returns restores the real timers
 */
export function scheduleTimers(scheduler: fc.Scheduler): () => void {
  const real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
  class Timer {
    cleared = false;
    ref(): this {
      return this;
    }
    unref(): this {
      return this;
    }
  }
  const scheduled = {
    setTimeout(callback: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): Timer {
      const timer = new Timer();
      void scheduler.schedule(Promise.resolve(), `timer of ${ms} ms`).then(() => {
        if (!timer.cleared) callback(...args);
      });
      return timer;
    },
    clearTimeout(timer: unknown): void {
      if (timer instanceof Timer) timer.cleared = true;
      else real.clearTimeout(timer as number);
    },
  };
  Object.assign(globalThis, scheduled);
  return () => Object.assign(globalThis, real);
}
