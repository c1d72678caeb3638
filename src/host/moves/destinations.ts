/**
 * Where the file of a move was imported: into one database, so that its sagas run in one.
 *
 * Invariant: the file names a database before any saga of it is there. Crash point: in between
 * nothing has come, and only the name tells which database goes on with it.
 */
import { hostname } from 'node:os';
import { BackstepError } from '../../core/errors.ts';
import { type Destination, noteDestination } from './move-file.ts';
import type { OwnedStore } from './owned-store.ts';

type Named = Pick<OwnedStore, 'fullName'>;

interface Importing {
  readonly from: string;
  readonly force?: boolean;
}

/** Whether it says that this database is one of them. Throws `conflict` where it may not be another. */
export function assertNotElsewhere(
  owned: Named,
  { from, force = false }: Importing,
  imported: readonly Destination[],
  here: number,
): boolean {
  const [first] = imported;
  if (first === undefined) return false;
  if (imported.some((each) => isThis(owned, each))) return true;
  // What it brought here before says more than what this database is called now.
  if (here > 0 || force) return false;
  throw elsewhere(from, first);
}

/** Notes it before anything comes. Throws `conflict` where another import was quicker. */
export async function noteHere(
  owned: Named,
  { from, force = false }: Importing,
  here: number,
): Promise<void> {
  const destination = { database: owned.fullName, machine: hostname(), atMs: Date.now() };
  const [first] = await noteDestination(from, destination);
  if (first !== undefined && here === 0 && !force && !isThis(owned, first))
    throw elsewhere(from, first);
}

function isThis({ fullName }: Named, { database, machine }: Destination): boolean {
  return database === fullName && machine === hostname();
}

function elsewhere(path: string, destination: Destination): BackstepError {
  const why = `nothing was imported: ${importedText(destination)}, and its sagas would run twice`;
  const cure = 'import it there again, or, where that database is gone for good, add --force';
  return new BackstepError('conflict', `${path}: ${why}; ${cure}`);
}

/** Throws `conflict` where it was imported, unless a person says that this came to nothing. */
export function assertNotImported(
  { file, force = false }: { readonly file: string; readonly force?: boolean },
  imported: readonly Destination[],
): void {
  const [first] = imported;
  if (first === undefined || force) return;
  const why = `nothing was taken back: ${importedText(first)}, and its sagas would run twice`;
  const cure = 'close it with --done, or, where that database is gone for good, add --force';
  throw new BackstepError('conflict', `${file}: ${why}; ${cure}`);
}

function importedText({ database, machine, atMs }: Destination): string {
  return `it was imported into ${database} on ${machine} at ${new Date(atMs).toISOString()}`;
}
