import { parseFileName } from './file-names.js';
import type { Version } from './version.js';

/**
 * The files of a directory that nobody refers to: what a compaction, a checkpoint or a crash left behind
 * (LevelDB DBImpl::RemoveObsoleteFiles). Files that are none of LevelDB's are left alone.
 * @param manifestNumber - that of the live MANIFEST
 * @param inUse - numbers of files that are being written
 */
export function obsoleteFiles(
  names: Iterable<string>,
  version: Version,
  manifestNumber: number,
  inUse: ReadonlySet<number> = new Set(),
): string[] {
  const tables = new Set<number>();
  for (const { number } of version.tables()) tables.add(number);
  return [...names].filter((name) => {
    const file = parseFileName(name);
    if (file === undefined || inUse.has(file.number)) return false;
    switch (file.kind) {
      case 'log':
        return file.number < version.logNumber && file.number !== version.prevLogNumber;
      case 'table':
        return !tables.has(file.number);
      case 'manifest':
        return file.number < manifestNumber;
      case 'temporary':
        return true;
    }
  });
}
