/**
 * Takes sagas in flight out of a database: they stand still first, then a file is written of them.
 *
 * Crash points: before the last one stands still there is no file, so none of them can run anywhere
 * else; after that nothing of them changes here, so that the file may be written again at any time.
 * Ordered again with the same place it goes on where it was. Invariant: what one saga started, and
 * what started it, goes with it.
 */
import { randomBytes } from 'node:crypto';
import { constants, existsSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BackstepError } from '../../core/errors.ts';
import { isEnded, SAGA_STATUSES } from '../../core/status.ts';
import { moveIn } from '../../core/turn/kept-text/moved.ts';
import { failureOfText } from '../../core/failure.ts';
import type { SagaFilter } from '../../store/read-models.ts';
import { createReadModels } from '../../store/queries/saga-queries.ts';
import type { MovedSagasTable, SagasTable } from '../../store/schema.ts';
import { withoutBack } from './destinations.ts';
import { eachOf } from './each-at-once.ts';
import { asBefore, leave, pendingStartIn } from './leaving.ts';
import {
  type CheckedFile,
  checkedFile,
  moveHeader,
  type MoveLine,
  writeMoveFile,
} from './move-file.ts';
import { type MoveDatabase, type OwnedStore, withOwnedStore } from './owned-store.ts';

/** How far a move is. */
export interface MoveProgress {
  readonly phase: 'leaving' | 'writing' | 'checking' | 'arriving' | 'closing';
  readonly done: number;
  /** 0: not known. */
  readonly total: number;
}

/** Which sagas are meant; of each its whole family goes. */
export type MovedSagas =
  { readonly ids: readonly string[] } | { readonly filter: SagaFilter } | 'all';

/** Who orders it, and why; for the audit. */
export interface OrderedBy {
  readonly by?: string;
  readonly reason?: string;
  readonly onProgress?: (progress: MoveProgress) => void;
}

export interface ExportOptions extends MoveDatabase, OrderedBy {
  readonly sagas: MovedSagas;
  /** The file; one of the same move is written again. */
  readonly to: string;
  /**
   * Where they go, as people call that: their callers are told. A move that was not finished goes on
   * where it is ordered with the same place again.
   */
  readonly place: string;
  /** Only tells which sagas would go. Default false. */
  readonly dryRun?: boolean;
}

/** A saga that goes, or would go. */
export interface LeavingSaga {
  readonly id: string;
  readonly type: string;
  readonly version: number;
  readonly status: SagasTable['status'];
  /** It was not asked for: one of its family was. */
  readonly isOfFamily: boolean;
}

export interface ExportedSagas {
  /** `null` on a dry run. */
  readonly move: string | null;
  readonly file: string;
  readonly sagas: readonly LeavingSaga[];
}

/** Most sagas of one move. */
export const MAX_SAGAS = 100_000;
/** Sagas that are told at once that they leave, or that their move is closed. */
export const TOLD_AT_ONCE = 64;
const PAGE_SIZE = 500;
const JOURNAL_LINES = 200;
const IN_FLIGHT = SAGA_STATUSES.filter((status) => !isEnded(status));

/** See moving.ts. */
export function exportSagas(options: ExportOptions): Promise<ExportedSagas> {
  return withOwnedStore<ExportedSagas>(
    options,
    { isMade: false, isTrial: options.dryRun === true },
    async (owned) => {
      const { sagas: meant, to, place, dryRun = false } = options;
      const { reads } = owned;
      const open = await reads.openMoveTo(place);
      const found = await rowsMeant(owned, meant);
      const known = open === null ? [] : await notedIn(owned, open);
      const rows = withoutNoted(found, known);
      if (rows.length === 0 && known.length === 0) {
        throw new BackstepError('not-found', `${owned.name}: no saga in flight matches`);
      }
      const sagas = [...known.map(asNoted), ...rows];
      if (dryRun) return { move: null, file: to, sagas: sagas.map(leavingOf) };
      const move = open ?? randomBytes(6).toString('hex');
      const before = await fileBefore(to, move);
      const inbound = { kind: 'move', phase: 'leave', move, place, ...authorOf(options) } as const;
      const tell = (done: number): void =>
        options.onProgress?.({ phase: 'leaving', done, total: rows.length });
      await eachOf(rows, TOLD_AT_ONCE, tell, ({ row }) => leave(owned, row, inbound, Date.now()));
      const { lastSeq } = await seqsNow(owned);
      const { wasLeftClean } = owned.ownership;
      const from = owned.name;
      const header = moveHeader({ move, place, from, atMs: Date.now(), lastSeq, wasLeftClean });
      const imported = withoutBack(before?.imported);
      await writeMoveFile(to, header, linesOf(owned, move, options), imported);
      return { move, file: to, sagas: sagas.map(leavingOf) };
    },
  );
}

/** Everything that a move has in a phase, by the sagas' ids. */
export async function notedOf(
  { reads }: Pick<OwnedStore, 'reads'>,
  move: string,
  phase: MovedSagasTable['phase'],
): Promise<readonly MovedSagasTable[]> {
  const all: MovedSagasTable[] = [];
  for (let after = ''; ;) {
    const page = await reads.ofMove(move, phase, after, PAGE_SIZE);
    all.push(...page);
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_SIZE) return all;
    after = last.saga_id;
  }
}

/** As a record of the journal names them. */
export function authorOf({ by, reason }: OrderedBy): Pick<OrderedBy, 'by' | 'reason'> {
  return { ...(by === undefined ? {} : { by }), ...(reason === undefined ? {} : { reason }) };
}

/** The first saga of a family: ids of children are those of their parents and more. */
export function rootOf(id: string): string {
  return id.split('.', 1)[0] ?? id;
}

interface Meant {
  readonly row: SagasTable;
  readonly isOfFamily: boolean;
}

/** The sagas that are meant and their families, of which one at least is in flight. */
async function rowsMeant(owned: OwnedStore, meant: MovedSagas): Promise<readonly Meant[]> {
  const ids = new Set(await idsMeant(owned, meant));
  const families: Meant[] = [];
  for (const root of new Set([...ids].map(rootOf))) {
    const rows = await owned.reads.family(root);
    assertNamed(owned, meant, ids, root, rows);
    if (!rows.some(isInFlight)) continue;
    families.push(...rows.map((row) => ({ row, isOfFamily: !ids.has(row.id) })));
  }
  if (families.length > MAX_SAGAS) throw tooMany();
  return families;
}

// A name that is wrong must not pass for a saga that has ended.
function assertNamed(
  { name }: OwnedStore,
  meant: MovedSagas,
  ids: ReadonlySet<string>,
  root: string,
  rows: readonly SagasTable[],
): void {
  if (meant === 'all' || 'filter' in meant) return;
  const there = new Set(rows.map(({ id }) => id));
  const absent = [...ids].find((id) => rootOf(id) === root && !there.has(id));
  if (absent === undefined) return;
  throw new BackstepError('not-found', `${name}: no saga with id "${absent}"; nothing was moved`);
}

async function idsMeant({ store }: OwnedStore, meant: MovedSagas): Promise<readonly string[]> {
  if (meant !== 'all' && 'ids' in meant) return meant.ids;
  const filter = meant === 'all' ? {} : meant.filter;
  const read = createReadModels(store.tables());
  const ids = await read.sagaIds({ status: IN_FLIGHT, ...filter }, MAX_SAGAS + 1);
  if (ids.length > MAX_SAGAS) throw tooMany();
  return ids;
}

/** More of them are meant than one move takes. */
export function tooMany(): BackstepError {
  const message = `more than ${MAX_SAGAS} sagas; move them in parts, by a filter`;
  return new BackstepError('input-invalid', message);
}

// One that leaves for another place, by a move of its own, is not in flight here any more.
function isInFlight(row: SagasTable): boolean {
  const { ended_at: endedAt, error } = row;
  return endedAt === null && (error === null || moveIn(failureOfText(error)) === null);
}

async function notedIn(owned: OwnedStore, move: string) {
  const all: { readonly row: SagasTable; readonly noted: MovedSagasTable }[] = [];
  for (const noted of await notedOf(owned, move, 'leaving')) {
    const row = await owned.reads.row(noted.sid);
    if (row !== null) all.push({ row, noted });
  }
  return all;
}

function asNoted({ row, noted }: { row: SagasTable; noted: MovedSagasTable }): Meant {
  return { row: asBefore(row, noted), isOfFamily: false };
}

function withoutNoted(
  found: readonly Meant[],
  known: readonly { readonly row: SagasTable }[],
): readonly Meant[] {
  const sids = new Set(known.map(({ row }) => row.sid));
  return found.filter(({ row }) => !sids.has(row.sid));
}

function leavingOf({ row, isOfFamily }: Meant): LeavingSaga {
  const { id, type, version, status } = row;
  return { id, type, version, status, isOfFamily };
}

/**
 * The file of the same move that there is already; `null`: there is none. Asked before any saga stands
 * still: else a mistake in the path would stop them. Throws `input-invalid` where the file is another
 * one's, or cannot be written.
 */
export async function fileBefore(path: string, move: string): Promise<CheckedFile | null> {
  try {
    await access(dirname(path), constants.W_OK);
  } catch (cause) {
    const message = `${path}: its folder cannot be written; check the path`;
    throw new BackstepError('input-invalid', message, { cause });
  }
  if (!existsSync(path)) return null;
  const file = await checkedFile(path).catch(() => null);
  if (file?.move === move) return file;
  const message = `${path}: there is a file already, and it is not of this move; give another name`;
  throw new BackstepError('input-invalid', message);
}

/** The highest seq in use: turns of leaving count. */
async function seqsNow({ store }: OwnedStore): Promise<{ readonly lastSeq: number }> {
  return { lastSeq: await createReadModels(store.tables()).lastSeq() };
}

/** The sagas of a move, each as it stood before it began to leave, families together. */
async function* linesOf(
  owned: OwnedStore,
  move: string,
  { onProgress }: OrderedBy,
): AsyncGenerator<MoveLine, void> {
  const { reads } = owned;
  const all = await notedOf(owned, move, 'leaving');
  for (const [done, noted] of all.entries()) {
    onProgress?.({ phase: 'writing', done, total: all.length });
    const now = await reads.row(noted.sid);
    if (now === null) continue;
    const saga = asBefore(now, noted);
    const parts = await reads.parts(now);
    yield {
      saga,
      parts: {
        ...parts,
        pendingStart: noted.standing === null ? parts.pendingStart : pendingStartIn(noted),
        audit: parts.audit.filter((entry) => entry.saga_seq <= saga.seq),
      },
    };
    for (let after = 0; after < saga.seq;) {
      const journal = await reads.journal(saga.sid, { after, until: saga.seq }, JOURNAL_LINES);
      if (journal.length > 0) yield { journal };
      after = journal.at(-1)?.saga_seq ?? saga.seq;
    }
  }
}
