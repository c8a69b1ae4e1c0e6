import { DiskError } from './errors.js';
import type { Files, ReadFile } from './files.js';

/** @throws DiskError `DISK_MISSING_FILE`, `DISK_IO` */
export async function openFile(files: Files, name: string): Promise<ReadFile> {
  try {
    return await files.open(name);
  } catch (cause) {
    const isMissing = (cause as { code?: unknown }).code === 'ENOENT';
    const code = isMissing ? 'DISK_MISSING_FILE' : 'DISK_IO';
    throw new DiskError(code, `${name} ${isMissing ? 'is not there' : 'could not be opened'}`, { file: name, cause });
  }
}
