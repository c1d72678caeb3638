/**
 * What a turn leaves behind: how the saga stands, its journal line and the projections that follow
 * from them. Pure; a store gives the global seq and makes it durable.
 */
import { crc32 } from 'node:zlib';
import { encodeState, encodeWhole } from '../../core/history/codec.ts';
import { lengthInJournal } from '../../core/history/from-journal.ts';
import type { Failure } from '../../core/failure.ts';
import type { Inbound, JournalRecord } from '../../core/turn/inbound.ts';
import { deadLetterContents, unreadableContents } from '../../core/turn/dead-letter.ts';
import {
  currentStep,
  hasLiveActivity,
  isOver,
  isStill,
  nextDueMs,
  type SagaState,
  type StepEntry,
} from '../../core/state.ts';
import { needsPerson } from '../../core/status.ts';
import { type Move, moveFailure, moveRecord } from '../../core/turn/kept-text/moved.ts';
import { unreadableRecord } from '../../core/turn/kept-text/unreadable.ts';
import type {
  AuditRow,
  DeadLetterRow,
  JournalRow,
  PendingStartRow,
  SagaStanding,
  TurnRecord,
} from '../../store/commit.ts';
import type { FeedEntry } from '../../store/read-models.ts';
import type { StoredSaga } from '../../store/store.ts';
import { pendingStartOf } from '../../core/turn/waiting-room.ts';
import { assertLength } from './state-bound.ts';
import type { TakenTurn } from './taken-turn.ts';

/** How the audit tells events that were sent from commands. */
const SENT_PREFIX = 'send ';
const MOVE_PREFIX = 'move ';

/** What some turns leave beside the usual: a start its birth, a migration the new version. */
export type BesideRecord = Partial<Pick<TurnRecord, 'birth' | 'version'>>;

/**
 * Everything that one turn leaves behind. Throws `too-large`, see state-bound.ts.
 *
 * @param isWhole true: the saga is kept apart from its journal, so its text has what that has too
 */
export function recordOf(
  turn: TakenTurn,
  stateLength: number,
  { birth = null, version }: BesideRecord = {},
  isWhole = false,
): TurnRecord {
  const { before, after, record } = turn;
  const state = isWhole ? encodeWhole(after) : encodeState(after);
  // What only the journal has of it counts as well: it is loaded with the rest.
  assertLength(turn, state.length + (isWhole ? 0 : lengthInJournal(after)), stateLength);
  const left = {
    saga: standingAfter(before, after, state, record.atMs),
    birth,
    journal: journalRowOf(record),
    deadLetter: deadLetterOf(before, after),
    audit: auditOf(before, record.inbound),
    pendingStart: pendingStartRow(before, after),
  };
  return version === undefined ? left : { ...left, version };
}

/**
 * Parks a saga whose stored state cannot be read: the text stays as it is, for a person or a
 * migration; only the row says that nothing moves.
 */
export function parkedRecord(
  { seq, state, checksum }: Pick<StoredSaga, 'seq' | 'state' | 'checksum'>,
  failure: Failure,
  nowMs: number,
): TurnRecord {
  const letter = unreadableContents(state, failure);
  return {
    saga: {
      expectedSeq: seq,
      seq: seq + 1,
      status: 'parked',
      wakeAtMs: null,
      state,
      checksum,
      step: null,
      attempts: 0,
      error: `${failure.code}: ${failure.message}`,
      updatedAtMs: nowMs,
      endedAtMs: null,
      isStandingSame: false,
      isTextKept: true,
    },
    birth: null,
    journal: journalRowOf(unreadableRecord(seq + 1, failure, nowMs)),
    deadLetter: { kind: 'parked', letter: JSON.stringify(letter) },
    audit: null,
    pendingStart: { kind: 'leave' },
  };
}

/** The line of a committed turn as the feed sends it. */
export function feedEntryOf(
  seq: number,
  sagaId: string,
  type: string,
  { sagaSeq, atMs, kind, cause, event, from, to, status }: Omit<JournalRow, 'data'>,
): FeedEntry {
  return { seq, sagaId, type, sagaSeq, atMs, kind, cause, event, from, to, status };
}

/**
 * What a turn of a move leaves behind, see moved.ts: the text stays, and the row says the rest.
 *
 * @param standing how the saga stands after it, but for what the move itself decides; of a way back
 *   how it stood before it left
 * @param path where it stands
 */
export function movedRecord(
  standing: SagaStanding,
  { seq, path, pendingStart = null }: MovedFrom,
  inbound: Move,
  nowMs: number,
): TurnRecord {
  const saga = {
    ...standing,
    ...standingByMove(standing, inbound, nowMs),
    expectedSeq: seq,
    seq: seq + 1,
    updatedAtMs: nowMs,
    isStandingSame: false,
    isTextKept: true as const,
  };
  const record = moveRecord(seq + 1, inbound, nowMs, { status: saga.status, path });
  return {
    saga,
    birth: null,
    journal: journalRowOf(record),
    deadLetter: inbound.phase === 'gone' ? { kind: 'terminated', letter: null } : null,
    audit: auditOfMove(inbound),
    pendingStart,
  };
}

/** Where a move finds a saga. */
export interface MovedFrom {
  /** Of its last turn. */
  readonly seq: number;
  readonly path: string;
  readonly pendingStart?: PendingStartRow | null;
}

function standingByMove(standing: SagaStanding, inbound: Move, nowMs: number) {
  const { code, message } = moveFailure(inbound);
  const error = `${code}: ${message}`;
  switch (inbound.phase) {
    case 'leave':
      return { status: 'parked', wakeAtMs: null, error } as const;
    case 'back':
      return standing;
    case 'gone':
      return { status: 'terminated', wakeAtMs: null, error, endedAtMs: nowMs } as const;
  }
}

function auditOfMove({ phase, by, reason }: Move): AuditRow {
  return { command: `${MOVE_PREFIX}${phase}`, by: by ?? 'unknown', reason: reason ?? null };
}

function standingAfter(
  before: SagaState | null,
  after: SagaState,
  state: string,
  nowMs: number,
): SagaStanding {
  const step = currentStep(after.steps);
  const standing = standingOf(after, step);
  const { status, wakeAtMs, error } = standing;
  return {
    expectedSeq: before?.seq ?? 0,
    seq: after.seq,
    status,
    wakeAtMs,
    error,
    state,
    checksum: crc32(state),
    step: step?.name ?? null,
    attempts: step?.compensation?.attempts ?? step?.attempts ?? 0,
    updatedAtMs: nowMs,
    endedAtMs: isOver(after) ? nowMs : null,
    isStandingSame: before !== null && !isOver(after) && isSame(before, standing),
  };
}

type Standing = Pick<SagaStanding, 'status' | 'wakeAtMs' | 'error'>;

function standingOf(state: SagaState, step: StepEntry | undefined): Standing {
  return { status: state.status, wakeAtMs: wakeAtMsOf(state), error: errorText(state, step) };
}

function isSame(before: SagaState, { status, wakeAtMs: dueMs, error }: Standing): boolean {
  if (before.status !== status || isOver(before)) return false;
  const was = standingOf(before, currentStep(before.steps));
  return was.wakeAtMs === dueMs && was.error === error;
}

function pendingStartRow(before: SagaState | null, after: SagaState): PendingStartRow | null {
  const was = before === null ? null : pendingStartOf(before);
  const is = pendingStartOf(after);
  if (was?.kind === is?.kind) return null;
  if (is === null) return { kind: 'leave' };
  const startAtMs = is.kind === 'queued' ? null : is.startAtMs;
  return { kind: 'enter', startAtMs };
}

/** 0: in flight. A parked or paused saga sleeps until a person wakes it. */
function wakeAtMsOf(state: SagaState): number | null {
  if (isOver(state) || isStill(state)) return null;
  return hasLiveActivity(state.live) ? 0 : nextDueMs(state.live);
}

function errorText(state: SagaState, step: StepEntry | undefined): string | null {
  const failure =
    state.parkReason ?? step?.compensation?.error ?? state.failureReason ?? step?.error;
  return failure === undefined || failure === null ? null : `${failure.code}: ${failure.message}`;
}

function journalRowOf(record: JournalRecord): JournalRow {
  const { sagaSeq, atMs, kind, cause, event, from, to, status, inbound, note } = record;
  const data = JSON.stringify(note === undefined ? { inbound } : { inbound, note });
  return { sagaSeq, atMs, kind, cause, event, from, to, status, data };
}

function deadLetterOf(before: SagaState | null, after: SagaState): DeadLetterRow | null {
  const isOpen = before !== null && needsPerson(before.status) && !isOver(before);
  const mustOpen = needsPerson(after.status) && !isOver(after);
  if (mustOpen && isOpen && before.status === after.status) return null;
  if (mustOpen) return { kind: after.status, letter: JSON.stringify(deadLetterContents(after)) };
  return isOpen ? { kind: after.status, letter: null } : null;
}

function auditOf(before: SagaState | null, inbound: Inbound): AuditRow | null {
  switch (inbound.kind) {
    case 'command': {
      const { name, by, reason } = inbound.command;
      return { command: name, by: by ?? 'unknown', reason: reason ?? null };
    }
    case 'event': {
      const { id, event, by, reason } = inbound;
      // An event that is delivered again was audited with its first delivery.
      if (before?.seenEvents.includes(id) === true) return null;
      if (by === undefined && reason === undefined) return null;
      const command = `${SENT_PREFIX}${event.type}`;
      return { command, by: by ?? 'unknown', reason: reason ?? null };
    }
    case 'move':
      return auditOfMove(inbound);
    case 'start':
    case 'migrate':
    case 'admit':
    case 'result':
    case 'timer':
    case 'told':
    case 'interrupted':
    case 'park':
      return null;
  }
}
