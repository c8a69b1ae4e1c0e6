/** An error of this package with that code, and with that text in its message. */
export const error = (code: string, message = '') =>
  expect.objectContaining({ name: 'ArenaError', code, message: expect.stringContaining(message) as string }) as Error;
