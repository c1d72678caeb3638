/**
 * The turns by which a saga leaves a database, goes on in it after all, or has left it. Each is
 * durable by itself, and finds one that was done before done.
 */
import { BackstepError } from '../../core/errors.ts';
import type { Move } from '../../core/turn/kept-text/moved.ts';
import type { SagaCommit, SagaStanding } from '../../store/commit.ts';
import {
  backStatement,
  goneStatements,
  leavingStatement,
  type MoveReads,
} from '../../store/queries/moves.ts';
import type { MovedSagasTable, PendingStartsTable, SagasTable } from '../../store/schema.ts';
import type { Store } from '../../store/store.ts';
import { movedRecord } from '../turn/projection.ts';

/** What of a saga's row says how it stood before it left. */
export type FormerStanding = Pick<
  SagasTable,
  'seq' | 'status' | 'wake_at' | 'step' | 'attempts' | 'error' | 'updated_at'
> & { readonly pending_start: PendingStartsTable | null };

/** The store, and what is asked of it. */
export interface MovingIn {
  readonly store: Store;
  readonly reads: MoveReads;
}

/** Makes a saga stand still and notes how it stood. An ended one stands as it is. */
export async function leave(
  { store, reads }: MovingIn,
  row: SagasTable,
  inbound: Move,
  atMs: number,
): Promise<void> {
  const { sid, id } = row;
  const { pendingStart } = await reads.parts(row);
  const { move, place } = inbound;
  const noted = { saga_id: id, move, phase: 'leaving', place, at: atMs, sid } as const;
  if (row.ended_at !== null) {
    const note = leavingStatement(store.tables(), { ...noted, standing: null });
    const outcome = await store.write([note]);
    if (outcome.kind !== 'committed') throw notWritten(id, outcome.message);
    return;
  }
  const { seq, status, wake_at, step, attempts, error, updated_at } = row;
  const former: FormerStanding = {
    seq,
    status,
    wake_at,
    step,
    attempts,
    error,
    updated_at,
    pending_start: pendingStart,
  };
  const note = leavingStatement(store.tables(), { ...noted, standing: JSON.stringify(former) });
  const from = {
    seq,
    path: await reads.path(sid),
    pendingStart: pendingStart === null ? null : ({ kind: 'leave' } as const),
  };
  await commit(store, row, movedRecord(standingOf(row), from, inbound, atMs), [note]);
}

/** Closes a saga that has left. */
export async function haveGone(
  { store, reads }: MovingIn,
  noted: MovedSagasTable,
  inbound: Move,
  atMs: number,
): Promise<void> {
  const statements = goneStatements(store.tables(), noted, atMs);
  const row = noted.standing === null ? null : await rowOf(reads, noted);
  if (row === null) {
    const outcome = await store.write(statements);
    if (outcome.kind !== 'committed') throw notWritten(noted.saga_id, outcome.message);
    return;
  }
  const from = { seq: row.seq, path: await reads.path(row.sid) };
  await commit(store, row, movedRecord(standingOf(row), from, inbound, atMs), statements);
}

/** Lets a saga go on that was to leave. */
export async function goBack(
  { store, reads }: MovingIn,
  noted: MovedSagasTable,
  inbound: Move,
  atMs: number,
): Promise<void> {
  const statements = [backStatement(store.tables(), noted)];
  const row = noted.standing === null ? null : await rowOf(reads, noted);
  if (row === null || noted.standing === null) {
    const outcome = await store.write(statements);
    if (outcome.kind !== 'committed') throw notWritten(noted.saga_id, outcome.message);
    return;
  }
  const former = formerIn(noted.standing);
  const { pending_start: pending } = former;
  const from = {
    seq: row.seq,
    path: await reads.path(row.sid),
    pendingStart:
      pending === null ? null : ({ kind: 'enter', startAtMs: pending.start_at } as const),
  };
  const standing = standingOf({ ...row, ...formerColumns(former) });
  await commit(store, row, movedRecord(standing, from, inbound, atMs), statements);
}

/** The row as it was before it began to leave. */
export function asBefore(row: SagasTable, { standing }: MovedSagasTable): SagasTable {
  return standing === null ? row : { ...row, ...formerColumns(formerIn(standing)) };
}

/** How a saga waited to begin before it began to leave. */
export function pendingStartIn({ standing }: MovedSagasTable): PendingStartsTable | null {
  return standing === null ? null : formerIn(standing).pending_start;
}

function formerColumns({ pending_start: _, ...columns }: FormerStanding) {
  return columns;
}

function formerIn(standing: string): FormerStanding {
  return JSON.parse(standing) as FormerStanding; // `leave` wrote it
}

async function rowOf(reads: MoveReads, { saga_id: id, sid }: MovedSagasTable): Promise<SagasTable> {
  const row = await reads.row(sid);
  if (row !== null) return row;
  throw new BackstepError('not-found', `saga ${id} was to leave and is not there any more`);
}

function standingOf(row: SagasTable): SagaStanding {
  const { seq, status, state, checksum, step, attempts, error } = row;
  return {
    expectedSeq: seq,
    seq,
    status,
    state,
    checksum,
    step,
    attempts,
    error,
    wakeAtMs: row.wake_at,
    updatedAtMs: row.updated_at,
    endedAtMs: row.ended_at,
    isStandingSame: false,
  };
}

async function commit(
  store: Store,
  { sid, id }: SagasTable,
  { saga, ...record }: ReturnType<typeof movedRecord>,
  statements: SagaCommit['statements'],
): Promise<void> {
  const outcome = await store.commit({
    saga: { sid, ...saga },
    ...record,
    outbox: [],
    statements,
  });
  if (outcome.kind !== 'committed') {
    throw notWritten(id, 'message' in outcome ? outcome.message : outcome.kind);
  }
}

function notWritten(id: string, why: string): BackstepError {
  return new BackstepError('conflict', `saga ${id} could not be moved: ${why}`);
}
