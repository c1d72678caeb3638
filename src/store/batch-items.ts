/**
 * What the batch queue and a writer say to each other, see writer-port.ts.
 *
 * Parameters travel as flat arrays in the order of their statement: measured about twice as fast
 * to clone into the thread of SQLite's writer as the objects they come from, and bound as they are.
 * `toTurnItem` is the only place that knows the order; the writers have the statements.
 */
import type { ExpectedStatement } from '../core/activity.ts';
import type { ErrorCode } from '../core/errors.ts';
import type {
  AuditRow,
  CommitOutcome,
  DeadLetterRow,
  MarkRow,
  OutboxRow,
  PendingStartRow,
  SagaBirth,
  SagaCommit,
  WriteOutcome,
} from './commit.ts';
import type { FinalFault } from './final-fault.ts';
import type { Ownership } from './store.ts';

/** A value as the engine's own statements bind it. */
export type Parameter = string | number | null;

/** The parts of a turn that most turns do not have. */
export interface TurnExtras {
  readonly key: {
    readonly type: string;
    readonly key: string;
    readonly inputHash: string;
    readonly sagaId: string;
  } | null;
  readonly outbox: readonly OutboxRow[];
  readonly deadLetter: DeadLetterRow | null;
  readonly audit: AuditRow | null;
  readonly pendingStart: PendingStartRow | null;
  readonly version: NonNullable<SagaCommit['version']> | null;
  /** The row of the inbox that asked for the turn. */
  readonly inbox: NonNullable<SagaCommit['inbox']> | null;
  readonly marks: readonly MarkRow[];
  readonly statements: readonly ExpectedStatement[];
}

/** One turn on its way to the writer. */
export interface TurnItem {
  /**
   * `progress`: a turn after which the saga stands as before, see `SagaRow.isStandingSame`.
   * `parking`: one that leaves the text of its state alone.
   */
  readonly kind: 'start' | 'turn' | 'progress' | 'parking';
  /** Parameters of the insert (`start`) or of the update; begins with the sid, or ends with it. */
  readonly saga: readonly Parameter[];
  /** Parameters of the journal line; the first, its global seq, is the writer's to set. */
  readonly journal: Parameter[];
  readonly extras: TurnExtras | null;
}

export type BatchItem =
  | TurnItem
  | { readonly kind: 'write'; readonly statements: readonly ExpectedStatement[] }
  | { readonly kind: 'acknowledge'; readonly messageId: number };

/** What became of one item; a bare number is the seq of a committed turn. */
export type ItemOutcome =
  | number
  | Exclude<CommitOutcome, { kind: 'committed' }>
  | WrittenOutcome
  | { readonly kind: 'acknowledged' }
  /** A lock that somebody else holds kept it from being written: it is to come again later. */
  | { readonly kind: 'postponed' };

export interface WrittenOutcome {
  readonly kind: 'written';
  readonly changes: readonly number[];
}

export type ToWriter =
  | { readonly kind: 'batch'; readonly items: readonly BatchItem[] }
  /** `isClean`: the next owner is to read that this one left in good order. */
  | { readonly kind: 'close'; readonly isClean: boolean };

export type FromWriter =
  /** The database is ours; once, and before the answer to anything. */
  | ({ readonly kind: 'opened' } & Ownership)
  /** It is not ours yet; `owner`: who has it, as people are to read it, where that is known. */
  | { readonly kind: 'standby'; readonly owner: string | null }
  /** It will not be ours; nothing follows. */
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly message: string }
  /** Answers the oldest batch under way; `durationMs` is from BEGIN to after COMMIT. */
  | {
      readonly kind: 'done';
      readonly outcomes: readonly ItemOutcome[];
      readonly durationMs: number;
    }
  /** Nothing can be written just now; the oldest batch under way is kept and tried again. */
  | { readonly kind: 'stalled'; readonly reason: string }
  /** Somebody else has written, see `Store.onNews`. */
  | { readonly kind: 'news' }
  /** What stalled is over, with no batch under way whose answer would say so. */
  | { readonly kind: 'resumed' }
  | FinalFault
  | { readonly kind: 'closed' };

const NO_MARKS: readonly MarkRow[] = [];

/** Position of the saga's id and of its own seq among the journal's parameters. */
export const JOURNAL_SEQ = 0;
export const JOURNAL_SID = 1;
export const JOURNAL_SAGA_SEQ = 2;
export const JOURNAL_AT = 3;

/** A commit in the form that travels. */
export function toTurnItem(commit: SagaCommit): TurnItem {
  const { saga, journal } = commit;
  const kind = kindOf(commit);
  return {
    kind,
    saga: sagaParameters(kind, commit),
    journal: [
      0,
      saga.sid,
      journal.sagaSeq,
      journal.atMs,
      journal.kind,
      journal.cause,
      journal.event,
      journal.from,
      journal.to,
      journal.status,
      journal.data,
    ],
    extras: toExtras(commit),
  };
}

function kindOf({ saga, birth, version }: SagaCommit): TurnItem['kind'] {
  if (birth !== null) return 'start';
  if (saga.isTextKept === true) return 'parking';
  // A migration is computed from a state that was never in the row.
  return saga.isStandingSame && version === undefined ? 'progress' : 'turn';
}

function sagaParameters(kind: TurnItem['kind'], { saga, birth }: SagaCommit): readonly Parameter[] {
  if (birth !== null) return insertParameters(saga, birth);
  if (kind === 'parking') return parkingParameters(saga);
  return kind === 'progress' ? progressParameters(saga) : updateParameters(saga);
}

function parkingParameters(saga: SagaCommit['saga']): readonly Parameter[] {
  return [
    saga.seq,
    saga.status,
    saga.wakeAtMs,
    saga.step,
    saga.attempts,
    saga.updatedAtMs,
    saga.endedAtMs,
    saga.error,
    saga.sid,
    saga.expectedSeq,
  ];
}

function progressParameters(saga: SagaCommit['saga']): readonly Parameter[] {
  return [
    saga.seq,
    saga.checksum,
    saga.step,
    saga.attempts,
    saga.updatedAtMs,
    saga.state,
    saga.sid,
    saga.expectedSeq,
  ];
}

function updateParameters(saga: SagaCommit['saga']): readonly Parameter[] {
  return [
    saga.seq,
    saga.status,
    saga.wakeAtMs,
    saga.checksum,
    saga.step,
    saga.attempts,
    saga.updatedAtMs,
    saga.endedAtMs,
    saga.error,
    saga.state,
    saga.sid,
    saga.expectedSeq,
  ];
}

function insertParameters(saga: SagaCommit['saga'], birth: SagaBirth): readonly Parameter[] {
  return [
    saga.sid,
    birth.id,
    birth.type,
    birth.version,
    birth.definitionHash,
    birth.key,
    saga.status,
    saga.seq,
    saga.wakeAtMs,
    saga.checksum,
    saga.step,
    saga.attempts,
    birth.createdAtMs,
    saga.updatedAtMs,
    saga.endedAtMs,
    saga.error,
    saga.state,
  ];
}

function toExtras(commit: SagaCommit): TurnExtras | null {
  const { birth, outbox, deadLetter, audit, statements } = commit;
  const { pendingStart, version = null, inbox = null, marks = NO_MARKS } = commit;
  const hasKey = birth !== null && birth.key !== null;
  const isPlain =
    !hasKey &&
    outbox.length === 0 &&
    deadLetter === null &&
    audit === null &&
    pendingStart === null &&
    version === null &&
    inbox === null &&
    marks.length === 0 &&
    statements.length === 0;
  if (isPlain) return null;
  const key =
    birth !== null && birth.key !== null
      ? {
          type: birth.type,
          key: birth.key,
          inputHash: birth.inputHash ?? '',
          sagaId: birth.id,
        }
      : null;
  return { key, outbox, deadLetter, audit, pendingStart, version, inbox, marks, statements };
}

/** The public outcome of a turn. Throws when the writer answered it as something else. */
export function toCommitOutcome(outcome: ItemOutcome): CommitOutcome {
  if (typeof outcome === 'number') return { kind: 'committed', seq: outcome };
  switch (outcome.kind) {
    case 'written':
    case 'acknowledged':
    case 'postponed':
      throw new Error(`the writer answered a turn with ${outcome.kind}`);
    case 'unmet':
    case 'key-taken':
    case 'stale':
    case 'withdrawn':
    case 'rejected':
      return outcome;
  }
}

/** The public outcome of participant statements. Throws as `toCommitOutcome`. */
export function toWriteOutcome(outcome: ItemOutcome): WriteOutcome {
  if (typeof outcome !== 'number') {
    if (outcome.kind === 'written') return { kind: 'committed', changes: outcome.changes };
    if (outcome.kind === 'unmet' || outcome.kind === 'rejected') return outcome;
  }
  throw new Error('the writer answered statements as a turn');
}

/** True when it may bring rows into the inbox. */
export function mayFillInbox(item: BatchItem): boolean {
  if (item.kind === 'acknowledge') return false;
  const statements = item.kind === 'write' ? item.statements : item.extras?.statements;
  return statements?.some(({ sql }) => INTO_INBOX.test(sql)) ?? false;
}

const INTO_INBOX = /\binto\b.{1,100}inbox/is;
