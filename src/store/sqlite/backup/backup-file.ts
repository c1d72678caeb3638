/**
 * A backup of a database file, as a file beside no other: written under another name, examined, and
 * only then called by its own.
 *
 * Invariant: a file of the name that was asked for is whole and was examined, whenever it is seen.
 */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { toFailure } from '../../../core/failure.ts';
import { assertFile, refused } from '../database-file.ts';
import { asPart } from './part.ts';
import { copyDatabase, type CopyProgress } from './copying.ts';

const OWNER_ONLY = 0o600;

/** What is done with a copy before it takes its place. */
export interface CopyWork {
  readonly onProgress: (progress: CopyProgress) => void;
  /** Looks at the copy; throws where it will not do. */
  readonly examine: (path: string) => Promise<void>;
}

/** Copies a database that may be in use. Gives the bytes of the backup. Throws `storage-refused`. */
export async function backUpFile(
  from: string,
  to: string,
  copiedAtMs: number,
  work: CopyWork,
): Promise<number> {
  assertFile(from);
  const refuseOther = (): void => {
    if (existsSync(to)) throw refused(to, 'there is a file already', 'give another name');
  };
  refuseOther();
  return asPart(to, async (part) => {
    await copyInto(part, { from, copiedAtMs }, work);
    refuseOther(); // one that came meanwhile is not replaced either
    takePlace(part, to);
    return statSync(to).size;
  });
}

/** Copies and examines. Throws `storage-refused`, about the database that was copied. */
export async function copyInto(
  part: string,
  { from, copiedAtMs }: { readonly from: string; readonly copiedAtMs: number | null },
  { onProgress, examine }: CopyWork,
): Promise<void> {
  let flaws: readonly string[];
  try {
    // Before anybody else could read it.
    closeSync(openSync(part, 'wx', OWNER_ONLY));
    flaws = await copyDatabase({ from, to: part, copiedAtMs }, onProgress);
  } catch (thrown) {
    throw refused(from, `it cannot be copied: ${toFailure(thrown).message}`, 'nothing was changed');
  }
  if (flaws.length > 0) {
    throw refused(from, `its copy is damaged: ${flaws.join('; ')}`, 'see `backstep doctor`');
  }
  await examine(part);
}

/** Gives a whole file its name, in place of whatever has it, and makes that durable. */
export function takePlace(part: string, path: string): void {
  renameSync(part, path);
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } catch {
    // Not every system lets a folder be synced; there the name is as durable as it makes it.
  } finally {
    closeSync(folder);
  }
}
