/**
 * Puts sagas of a file onto Restate, where they go on as after a restart: with the keys, timers, journals
 * and messages that they had.
 *
 * Crash points: each saga comes and stands still, with a note of the move, and goes on once all of its
 * family is there, so that the same file may be imported again and brings what is missing. Invariant:
 * the whole file is checked, against the workers and what runs there, before any of it is brought.
 */
import { z } from 'zod';
import { BackstepError } from '../../../core/errors.ts';
import { assertNotElsewhere, noteHere } from '../../../host/moves/destinations.ts';
import { eachAtOnce } from '../../../host/moves/each-at-once.ts';
import {
  familiesIn,
  type ImportedSagas,
  type ImportOptions,
  refuseAll,
  type Whole,
} from '../../../host/moves/import-sagas.ts';
import { type CheckedFile, checkedFile } from '../../../host/moves/move-file.ts';
import { type ArrivingSaga, arrivingSaga } from './arriving-saga.ts';
import { type Door, type RestateAt, throughDoor } from './door.ts';
import { COME, type Come } from '../../moves/move-words.ts';

export interface RestateImportOptions
  extends RestateAt, Pick<ImportOptions, 'from' | 'dryRun' | 'force' | 'onProgress'> {}

/** Families that come at once. */
const AT_ONCE = 8;
const NOTHING: Come = { standing: 'room', upTo: 0 };

/** See restate-moves.ts. */
export async function importToRestate(options: RestateImportOptions): Promise<ImportedSagas> {
  const { from, dryRun = false } = options;
  const header = await checkedFile(from);
  const { move } = header;
  return throughDoor(options, move, async (door) => {
    const known = await lookedUp(door, options, header);
    const here = [...known.values()].filter(({ standing }) => standing === 'here').length;
    const begun = [...known.values()].filter(({ standing }) => standing !== 'room').length;
    const missing = known.size - here;
    const database = { fullName: door.name };
    const isNoted = assertNotElsewhere(database, options, header.imported, begun);
    const result = { move, imported: missing, alreadyHere: here };
    if (dryRun) return result;
    if (!isNoted && missing > 0) await noteHere(database, options, begun);
    let done = 0;
    const bring = async (family: readonly ArrivingSaga[]): Promise<void> => {
      await broughtFamily(door, family, known, header);
      done += family.length;
      options.onProgress?.({ phase: 'arriving', done, total: missing });
    };
    await eachAtOnce(missingFamilies(options, header, known), AT_ONCE, bring);
    return result;
  });
}

/** How far each saga of the file has come. Throws where one cannot come. */
async function lookedUp(
  door: Door,
  { from, onProgress }: RestateImportOptions,
  header: CheckedFile,
): Promise<ReadonlyMap<string, Come>> {
  const known = new Map<string, Come>();
  const refusals: BackstepError[] = [];
  await eachAtOnce(familiesIn(from), AT_ONCE, async (family) => {
    onProgress?.({ phase: 'checking', done: known.size, total: 0 });
    for (const each of family) {
      const { id } = each.saga;
      try {
        const { words, claim } = arrivingSaga(each, header);
        const come = await door.ask(id, 'arrive', { ...words, isTrial: true }, COME);
        known.set(id, come);
        if (come.standing !== 'here' && claim !== null) await claimed(door, words, id, claim, true);
      } catch (error) {
        if (!(error instanceof BackstepError) || error.code === 'unavailable') throw error;
        refusals.push(new BackstepError(error.code, toldOf(id, error.message)));
      }
    }
  });
  refuseAll(
    refusals[0]?.code ?? 'conflict',
    from,
    refusals.map(({ message }) => message),
  );
  return known;
}

function toldOf(id: string, message: string): string {
  return message.startsWith(`saga ${id}`) ? message : `saga ${id}: ${message}`;
}

/** Families that have not come, those whose sagas wait in line last, in the order of the line. */
async function* missingFamilies(
  { from }: RestateImportOptions,
  header: CheckedFile,
  known: ReadonlyMap<string, Come>,
): AsyncGenerator<readonly ArrivingSaga[], void> {
  const queued: { readonly position: number; readonly family: readonly ArrivingSaga[] }[] = [];
  for await (const whole of familiesIn(from)) {
    if (whole.every(({ saga: { id } }) => known.get(id)?.standing === 'here')) continue;
    const family = whole.map((each: Whole) => arrivingSaga(each, header));
    const position = family[0]?.position ?? null;
    if (position === null) yield family;
    else queued.push({ position, family });
  }
  yield queued
    .toSorted((one, other) => one.position - other.position)
    .flatMap(({ family }) => family);
}

/** Brings all of a family, and only then lets it go on: children first, so that none is begun anew. */
async function broughtFamily(
  door: Door,
  family: readonly ArrivingSaga[],
  known: ReadonlyMap<string, Come>,
  { move, wasLeftClean: wasClean }: CheckedFile,
): Promise<void> {
  const missing = family.filter(({ id }) => known.get(id)?.standing !== 'here');
  for (const saga of missing) await brought(door, saga, known.get(saga.id) ?? NOTHING);
  const depthOf = ({ id }: ArrivingSaga): number => id.split('.').length;
  for (const { id, words, claim } of missing) {
    if (claim !== null) await claimed(door, words, id, claim, false);
  }
  const order = missing.toSorted((one, other) => depthOf(other) - depthOf(one));
  for (const { id, messages } of order) {
    await door.ask(id, 'goOn', { move, wasClean, messages, atMs: Date.now() }, COME);
  }
}

async function brought(door: Door, saga: ArrivingSaga, come: Come): Promise<void> {
  const { id, words, more } = saga;
  let { upTo } = come;
  if (come.standing === 'room') {
    ({ upTo } = await door.ask(id, 'arrive', { ...words, isTrial: false }, COME));
  }
  for (const turns of more) {
    if ((turns.at(-1)?.saga.seq ?? 0) <= upTo) continue;
    await door.ask(id, 'arriveMore', { move: words.move, turns }, COME);
  }
}

async function claimed(
  door: Door,
  { type }: ArrivingSaga['words'],
  saga: string,
  { object, key, inputHash }: NonNullable<ArrivingSaga['claim']>,
  isTrial: boolean,
): Promise<void> {
  await door.ask(object, 'claim', { saga, type, key, inputHash, isTrial }, z.null());
}
