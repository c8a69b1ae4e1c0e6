/** Resolves in a later turn of the event loop, so that other work comes between. */
export async function pause(): Promise<void> {
  await new Promise<void>((goOn) => {
    if (typeof setImmediate === 'function') setImmediate(goOn);
    else setTimeout(goOn, 0);
  });
}
