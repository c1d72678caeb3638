/**
 * Where the sagas of a file went: into one database, or back into the one that they left, so that they
 * run in one.
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
  const [first] = await noteDestination(from, destinationOf(owned));
  if (first !== undefined && here === 0 && !force && !isThis(owned, first))
    throw elsewhere(from, first);
}

function isThis({ fullName }: Named, { database, machine }: Destination): boolean {
  return database === fullName && machine === hostname();
}

function elsewhere(path: string, destination: Destination): BackstepError {
  const why = `nothing was imported: ${importedText(destination)}, and its sagas would run twice`;
  const there = destination.isBack === true ? 'take it back' : 'import it';
  const cure = `${there} there again, or, where that database is gone for good, add --force`;
  return new BackstepError('conflict', `${path}: ${why}; ${cure}`);
}

/** Whether it says that its sagas go on where they came from, which is here. */
export function isNotedBack(owned: Named, imported: readonly Destination[]): boolean {
  return imported.some((each) => each.isBack === true && isThis(owned, each));
}

/** What a file keeps that is written again: those of its sagas that went on here leave anew. */
export function withoutBack(imported: readonly Destination[] = []): readonly Destination[] {
  return imported.filter(({ isBack }) => isBack !== true);
}

/**
 * Notes in the file that its sagas go on here, where they came from. Throws `conflict` where it was
 * imported, or is just now, unless a person says that this came to nothing.
 */
export async function noteBack(
  owned: Named,
  { file, force }: { readonly file: string; readonly force: boolean },
  imported: readonly Destination[],
): Promise<void> {
  assertNotImported(owned, file, force ? [] : imported);
  if (isNotedBack(owned, imported)) return;
  const all = await noteDestination(file, { ...destinationOf(owned), isBack: true });
  assertNotImported(owned, file, force ? [] : all);
}

function assertNotImported(owned: Named, file: string, [first]: readonly Destination[]): void {
  if (first === undefined || isNotedBack(owned, [first])) return;
  const why = `nothing was taken back: ${importedText(first)}, and its sagas would run twice`;
  const cure = 'close it with --done, or, where that database is gone for good, add --force';
  throw new BackstepError('conflict', `${file}: ${why}; ${cure}`);
}

function destinationOf({ fullName }: Named): Destination {
  return { database: fullName, machine: hostname(), atMs: Date.now() };
}

function importedText({ database, machine, atMs, isBack }: Destination): string {
  const what = isBack === true ? 'taken back into' : 'imported into';
  return `it was ${what} ${database} on ${machine} at ${new Date(atMs).toISOString()}`;
}
