/** Gives the room that removed sagas left in a database file back to the disk. */
import type { DatabaseAddress } from '../../core/database-target.ts';
import type { CompactionProgress } from '../../store/sqlite/compaction/compacting.ts';
import { DEFAULT_LOCK_WAIT_MS, fileOf } from './file-only.ts';

export interface CompactionOptions {
  /** A database file that no engine has open. */
  readonly database: DatabaseAddress;
  readonly onProgress?: (progress: CompactionProgress) => void;
  /** How long to wait for the owner of the database to leave, in milliseconds. Default 1,000. */
  readonly lockWaitMs?: number;
}

/** What became of the file. */
export interface CompactedDatabase {
  readonly path: string;
  readonly bytesBefore: number;
  readonly bytes: number;
  /** Somebody looks at the file: it shrinks once they have left, at the latest with its next owner. */
  readonly isShrinkingLater: boolean;
}

/**
 * Writes a database file anew without what is free in it, in one transaction: a crash leaves it as it
 * was. It takes as much room as stays, once among temporary files and once beside the file. Throws
 * `storage-refused`, with the cure: it is in use, there is no such database, there is no room for it;
 * `unavailable` where somebody writes to it just then; `input-invalid`: not a file.
 */
export async function compactDatabase(options: CompactionOptions): Promise<CompactedDatabase> {
  const { onProgress = () => {}, lockWaitMs = DEFAULT_LOCK_WAIT_MS } = options;
  const path = fileOf(options.database, 'compact', 'VACUUM FULL, or pg_repack');
  const { compactFile } = await import('../../store/sqlite/compaction/compacting.ts');
  return { path, ...(await compactFile(path, lockWaitMs, onProgress)) };
}
