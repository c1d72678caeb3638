/**
 * Takes sagas in flight off Restate: they stand still first, what is under way of them comes to its end,
 * then a file is written of them.
 *
 * Crash points: before the last one stands still there is no file, so none of them can run anywhere
 * else; after that nothing of them changes here, so that the file may be written again at any time.
 * Ordered again with the same place it goes on where it was. Invariant: what cannot go is refused
 * before the first one stands still, and what started a saga, and what it started, goes with it.
 */
import { randomBytes } from 'node:crypto';
import { type Duration, toMs } from '../../../core/duration.ts';
import { BackstepError } from '../../../core/errors.ts';
import { isEnded } from '../../../core/status.ts';
import { withoutBack } from '../../../host/moves/destinations.ts';
import { eachAtOnce, eachOf } from '../../../host/moves/each-at-once.ts';
import {
  authorOf,
  type ExportedSagas,
  type ExportOptions,
  fileBefore,
  type LeavingSaga as LeavingLine,
  MAX_SAGAS,
  rootOf,
  TOLD_AT_ONCE,
  tooMany,
} from '../../../host/moves/export-sagas.ts';
import { refuseAll } from '../../../host/moves/import-sagas.ts';
import type { Admin } from '../admin.ts';
import { adminAt, type Door, type RestateAt, throughDoor } from './door.ts';
import {
  isLeaving,
  noting,
  ofFamily,
  type SagaThere,
  sagasThere,
  turnsKept,
} from './kept-on-restate.ts';
import { LEFT } from '../../moves/move-words.ts';
import { closeEach, quiet, stuckOutside } from './stand-still.ts';
import { writeLeaving } from './written-move.ts';

export interface RestateExportOptions
  extends
    RestateAt,
    Pick<ExportOptions, 'sagas' | 'to' | 'place' | 'dryRun' | 'by' | 'reason' | 'onProgress'> {
  /** How long what is under way may take to come to its end. Default `60s`. */
  readonly within?: Duration;
}

/** As many of its last turns a saga keeps by itself, see saga-state.ts. */
const KEPT_BY_ITSELF = 32;
const MOVE_BYTES = 6;

/** See moving.ts. */
export async function exportFromRestate(options: RestateExportOptions): Promise<ExportedSagas> {
  const { to, place, dryRun = false, within = '60s' } = options;
  const withinMs = toMs(within, 'within');
  const admin = adminAt(options);
  const open = await leavingTo(admin, place);
  const known = open?.sagas ?? [];
  const meant = await sagasMeant(admin, options);
  const move = open?.move ?? randomBytes(MOVE_BYTES).toString('hex');
  return throughDoor(options, move, async (door) => {
    const before = await fileBefore(to, move);
    const leaving = new Set(known.map(({ id }) => id));
    const found = meant.filter(({ saga }) => !leaving.has(saga.id));
    const rows = await inFlightOf(door, options, move, found, known);
    if (rows.length === 0 && known.length === 0) {
      throw new BackstepError('not-found', `${door.name}: no saga in flight matches`);
    }
    const sagas = [
      ...known.map((saga) => lineOf({ saga, isOfFamily: false })),
      ...rows.map(lineOf),
    ];
    if (dryRun) return { move: null, file: to, sagas };
    const words = { move, place, isTrial: false, ...authorOf(options) };
    const tell = (done: number): void =>
      options.onProgress?.({ phase: 'leaving', done, total: rows.length });
    try {
      await eachOf(rows, TOLD_AT_ONCE, tell, async ({ saga: { id } }) => {
        await door.ask(id, 'leave', { ...words, atMs: Date.now() }, LEFT);
      });
      const all = await sagasThere(admin, noting(move));
      const ids = all.filter((saga) => isLeaving(saga, move)).map(({ id }) => id);
      const stuck = await quiet(door, ids, withinMs);
      if (stuck !== null) throw new BackstepError('unavailable', stuck);
      const imported = withoutBack(before?.imported);
      await writeLeaving(door, move, ids, options, imported);
    } catch (error) {
      // Those that left by an earlier order may have a file already, which somebody may import.
      const own = rows.map(({ saga }) => saga.id);
      const back = closeEach(door, own, { move, phase: 'back', ...authorOf(options) });
      const areBack = await back.then(
        () => true,
        () => false, // what went wrong first is told
      );
      throw notWritten(door, error, known.length + (areBack ? 0 : own.length));
    }
    return { move, file: to, sagas };
  });
}

function notWritten({ name }: Door, error: unknown, standing: number): unknown {
  if (!(error instanceof BackstepError)) return error;
  const others = standing === 0 ? '' : `, but ${standing} stand still until it is ordered again`;
  const message = `${name}: nothing was moved${others}: ${error.message}`;
  return new BackstepError(error.code, message, { cause: error });
}

interface Meant {
  readonly saga: SagaThere;
  readonly isOfFamily: boolean;
}

function lineOf({ saga, isOfFamily }: Meant): LeavingLine {
  const { id, type, version, status } = saga;
  return { id, type, version, status, isOfFamily };
}

/** The move to that place that is not done. */
async function leavingTo(
  admin: Admin,
  place: string,
): Promise<{ readonly move: string; readonly sagas: readonly SagaThere[] } | null> {
  const sagas = await sagasThere(admin, noting('"leaving"'));
  const found = sagas.flatMap(({ moves }) => {
    const last = moves.at(-1);
    return last?.phase === 'leaving' && last.place === place ? [last.move] : [];
  });
  const [move] = found;
  if (move === undefined) return null;
  return { move, sagas: sagas.filter((saga) => isLeaving(saga, move)) };
}

/** Those that are meant, and their families, that have not left and are not on their way. */
async function sagasMeant(
  admin: Admin,
  { sagas: meant }: RestateExportOptions,
): Promise<readonly Meant[]> {
  if (meant !== 'all' && 'ids' in meant) {
    const roots = [...new Set(meant.ids.map(rootOf))];
    const families = await Promise.all(roots.map((root) => sagasThere(admin, ofFamily(root))));
    // One that is on its way by another move is refused by name, below.
    const rows = families.flat().filter(({ moves }) => moves.at(-1)?.phase !== 'gone');
    const there = new Set(rows.map(({ id }) => id));
    const absent = meant.ids.find((id) => !there.has(id));
    if (absent !== undefined) {
      const message = `no saga with id "${absent}" is on Restate; nothing was moved`;
      throw new BackstepError('not-found', message);
    }
    const ids = new Set(meant.ids);
    return rows.map((saga) => ({ saga, isOfFamily: !ids.has(saga.id) }));
  }
  const all = (await sagasThere(admin, 'true')).filter(isHere);
  const isMeant = filterOf(meant);
  const roots = new Set(all.filter(isMeant).map(({ id }) => rootOf(id)));
  return all
    .filter(({ id }) => roots.has(rootOf(id)))
    .map((saga) => ({ saga, isOfFamily: !isMeant(saga) }));
}

function isHere({ moves }: SagaThere): boolean {
  const phase = moves.at(-1)?.phase;
  return phase === undefined || phase === 'here';
}

function filterOf(
  meant: Exclude<RestateExportOptions['sagas'], { ids: unknown }>,
): (saga: SagaThere) => boolean {
  if (meant === 'all') return ({ status }) => !isEnded(status);
  const { type, status, updatedBeforeMs = Infinity, ...others } = meant.filter;
  const [other] = Object.keys(others);
  if (other !== undefined) {
    const how = 'by type, status and age; name the sagas by their ids for anything else';
    throw new BackstepError('input-invalid', `sagas on Restate are found ${how}`);
  }
  return (saga) =>
    !isEnded(saga.status) &&
    (type === undefined || saga.type === type) &&
    (status === undefined || status.length === 0 || status.includes(saga.status)) &&
    saga.atMs < updatedBeforeMs;
}

/** The families of which one at least is in flight. Throws, by name, where one of them cannot go. */
async function inFlightOf(
  door: Door,
  { place, to }: RestateExportOptions,
  move: string,
  found: readonly Meant[],
  known: readonly SagaThere[],
): Promise<readonly Meant[]> {
  if (found.length > MAX_SAGAS) throw tooMany();
  const kept = await turnsKept(
    door.admin,
    found.map(({ saga }) => saga.id),
  );
  const refusals: string[] = [];
  // Of a family that is on its way already all goes.
  const live = new Set(known.map(({ id }) => rootOf(id)));
  await eachAtOnce(found, TOLD_AT_ONCE, async ({ saga: { id, seq } }) => {
    try {
      const words = { move, place, isTrial: true, atMs: 0 };
      const { hasEnded } = await door.ask(id, 'leave', words, LEFT);
      if (!hasEnded) live.add(rootOf(id));
    } catch (error) {
      if (!(error instanceof BackstepError) || error.code === 'unavailable') throw error;
      refusals.push(`saga ${id}: ${error.message}`);
    }
    if ((kept.get(id) ?? 0) >= seq - KEPT_BY_ITSELF) return;
    refusals.push(`saga ${id}: turns of its journal are not kept by Restate any more`);
  });
  const rows = found.filter(({ saga }) => live.has(rootOf(saga.id)));
  const ids = rows.map(({ saga }) => saga.id);
  refusals.push(...(await stuckOutside(door, ids)));
  refuseAll('conflict', `${door.name}, for ${to}`, refusals);
  return rows;
}
