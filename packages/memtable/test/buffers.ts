/**
 * Runs `action` while the system refuses some buffers.
 * @param refuses - whether to refuse a request, by its bytes and its number from 1
 * @returns the number of refused requests
 */
export async function withoutBuffers(
  refuses: (bytes: number, number: number) => boolean,
  action: () => Promise<void>,
): Promise<number> {
  const real = globalThis.ArrayBuffer;
  let [requests, refused] = [0, 0];
  globalThis.ArrayBuffer = new Proxy(real, {
    construct(target, [bytes]: [number]) {
      if (!refuses(bytes, ++requests)) return new target(bytes);
      refused++;
      throw new RangeError('Array buffer allocation failed');
    },
  });
  try {
    await action();
  } finally {
    globalThis.ArrayBuffer = real;
  }
  return refused;
}

/** Refuses the k-th request for at least `bytesMin` bytes, and no other. */
export function kthOf(k: number, bytesMin: number): (bytes: number) => boolean {
  let requests = 0;
  return (bytes) => bytes >= bytesMin && ++requests === k;
}

/** The errors and rejections that nobody caught while `action` ran. */
export async function uncaughtIn(action: () => Promise<void>): Promise<unknown[]> {
  const uncaught: unknown[] = [];
  const note = (error: unknown): void => void uncaught.push(error);
  process.on('unhandledRejection', note).on('uncaughtException', note);
  try {
    await action();
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.off('unhandledRejection', note).off('uncaughtException', note);
  }
  return uncaught;
}
