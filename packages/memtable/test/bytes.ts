export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
export const fromHex = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

export const error = (code: string, message = '') =>
  expect.objectContaining({
    name: 'MemTableError',
    code,
    message: expect.stringContaining(message) as string,
  }) as Error;
