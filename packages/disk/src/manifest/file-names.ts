/**
 * The names in a LevelDB directory (db/filename.cc). One counter numbers the files of all kinds.
 *
 * ```
 *    CURRENT            the name of the live MANIFEST
 *    MANIFEST-000004    version edits
 *    000005.log         write batches
 *    000007.ldb         a table; .sst in old databases
 *    000004.dbtmp       the next CURRENT
 *    LOCK               held by who has the database open
 *    LOG, LOG.old       text for people
 * ```
 */

export const CURRENT = 'CURRENT';
export const LOCK = 'LOCK';

/** A kind of numbered file. */
export type FileKind = 'log' | 'table' | 'manifest' | 'temporary';

/** What the name of a numbered file says. */
export interface FileName {
  readonly kind: FileKind;
  readonly number: number;
}

const SUFFIX_KINDS: Readonly<Record<string, FileKind>> = {
  log: 'log',
  ldb: 'table',
  sst: 'table',
  dbtmp: 'temporary',
};

/** The name of a numbered file, as LevelDB writes it: a table ends with `.ldb`. */
export function fileName(kind: FileKind, number: number): string {
  const digits = String(number).padStart(6, '0');
  switch (kind) {
    case 'manifest':
      return `MANIFEST-${digits}`;
    case 'table':
      return `${digits}.ldb`;
    case 'log':
      return `${digits}.log`;
    case 'temporary':
      return `${digits}.dbtmp`;
  }
}

/** What a name says, or undefined when it is none of a numbered file. */
export function parseFileName(name: string): FileName | undefined {
  const manifest = /^MANIFEST-(\d+)$/.exec(name);
  const [, digits, suffix] = manifest ?? /^(\d+)\.(log|ldb|sst|dbtmp)$/.exec(name) ?? [];
  const number = Number(digits);
  if (!Number.isSafeInteger(number)) return undefined;
  return { kind: manifest === null ? SUFFIX_KINDS[suffix] : 'manifest', number };
}
