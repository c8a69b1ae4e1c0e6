/** The class of an error, by the prefix of its code. A code with another prefix may come with any class. */
const CLASSES: Readonly<Record<string, string>> = {
  ARENA: 'ArenaError',
  SKIPLIST: 'SkipListError',
  MEMTABLE: 'MemTableError',
  TESTING: 'TestingError',
};

/**
 * A matcher for `toThrow`, `rejects.toThrow` and `toEqual`: an error of this house with this code, of the class that
 * belongs to the code, whose message contains `message`.
 *
 * Tests of every package import it from here. It is no part of `@memtable/testing`.
 */
export const error = (code: string, message = ''): Error => {
  const name = CLASSES[code.slice(0, code.indexOf('_'))];
  return expect.objectContaining({
    code,
    message: expect.stringContaining(message) as string,
    ...(name !== undefined && { name }),
  }) as Error;
};
