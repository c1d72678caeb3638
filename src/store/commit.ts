/**
 * What the runtime hands to the writer for one turn, and what it hears back.
 *
 * All parts of one `SagaCommit` become durable together or not at all. Values arrive serialised:
 * the writer never parses a state.
 */
import type { ExpectedStatement } from '../core/activity.ts';
import { BackstepError } from '../core/errors.ts';
import type { SagaStatus } from '../core/status.ts';
import type { Counted } from '../core/history/counted.ts';

/** How the saga stands after the turn. */
export interface SagaStanding {
  /** The seq the stored row must have now; 0: the row must not exist yet. */
  readonly expectedSeq: number;
  readonly seq: number;
  readonly status: SagaStatus;
  /**
   * 0: something is in flight, look at it after a restart. Else the earliest due time in
   * milliseconds since 1970; `null` when the saga sleeps without a timer or is over.
   */
  readonly wakeAtMs: number | null;
  /** The encoded `SagaState`; JSON. */
  readonly state: string;
  /** CRC-32 of the UTF-8 bytes of `state`. */
  readonly checksum: number;
  /** The step it is at, and that step's attempts, for lists. */
  readonly step: string | null;
  readonly attempts: number;
  /** `code: message` of the failure that matters now, for lists. */
  readonly error: string | null;
  readonly updatedAtMs: number;
  /** Set once it is ended. */
  readonly endedAtMs: number | null;
  /**
   * True when `status`, `wakeAtMs`, `error` and `endedAtMs` are what the turn before left in the
   * row: then the indexes over them are not touched.
   */
  readonly isStandingSame: boolean;
  /** True: `state` could not be read, and stays as it is stored. */
  readonly isTextKept?: true;
}

/** The saga's row after the turn. */
export interface SagaRow extends SagaStanding {
  /** Internal id, given by the runtime, counting up. */
  readonly sid: number;
}

/** What only a start writes, once. */
export interface SagaBirth {
  /** Public, sortable id. */
  readonly id: string;
  readonly type: string;
  readonly version: number;
  readonly definitionHash: string;
  /** Start key; with `type` it is unique for ever. */
  readonly key: string | null;
  /** SHA-256 (hex) of the canonical JSON of the parsed input; `null` without a key. */
  readonly inputHash: string | null;
  readonly createdAtMs: number;
}

/** A journal line; the writer adds the global seq. */
export interface JournalRow {
  readonly sagaSeq: number;
  readonly atMs: number;
  readonly kind: 'transition' | 'note';
  readonly cause: string;
  readonly event: string;
  readonly from: string | null;
  readonly to: string;
  readonly status: SagaStatus;
  /** JSON: `{ inbound, note? }`. */
  readonly data: string;
}

/** A message to be handed over at least once: see src/host/outside/outbox-messages.ts. */
export interface OutboxRow {
  /** Position among the turn's messages; with the turn's global seq it makes the id. */
  readonly index: number;
  readonly event: string;
  /** JSON of the event object. */
  readonly data: string;
}

/** A dead letter to open (`letter`: its JSON) or, with `letter: null`, to close. */
export interface DeadLetterRow {
  readonly kind: SagaStatus;
  readonly letter: string | null;
}

/** Who ordered what, when and why. */
export interface AuditRow {
  readonly command: string;
  readonly by: string;
  readonly reason: string | null;
}

/** How a saga waits to begin, from this turn on; `leave`: no longer. */
export type PendingStartRow =
  { readonly kind: 'enter'; readonly startAtMs: number | null } | { readonly kind: 'leave' };

/** An attempt that failed or timed out. */
export interface StepFailure {
  readonly step: string;
  /** `code: message`. */
  readonly error: string;
}

/** What a turn says to a rule of alerts; made by src/host/alerts/marker.ts. */
export interface MarkRow {
  readonly rule: string;
  /**
   * Set: the saga does not stand any more as the rule says. A mark that is younger than this is
   * forgotten, since nobody was to be told of it.
   */
  readonly endsAfterMs: number | null;
  /** Set: it stands so now, unless a mark without an end says so already. */
  readonly opens: {
    /** JSON: what incidents are grouped by. */
    readonly cause: string;
    readonly detail: string | null;
    /** It happened and was over, such as an attempt that failed. */
    readonly isOver: boolean;
  } | null;
}

/** What a turn leaves behind of its saga, whichever host took it. It survives JSON. */
export interface TurnRecord {
  readonly saga: SagaStanding;
  readonly birth: SagaBirth | null;
  readonly journal: JournalRow;
  readonly deadLetter: DeadLetterRow | null;
  readonly audit: AuditRow | null;
  /** `null`: as before. */
  readonly pendingStart: PendingStartRow | null;
  /** What the turn adds to figures, where another process took it than the one that writes it. */
  readonly counted?: readonly Counted[];
  /** Of a migration: what the saga runs on from this turn on. */
  readonly version?: { readonly version: number; readonly definitionHash: string };
  /** Of a turn that crosses to another process, which may count failures. */
  readonly stepFailure?: StepFailure;
}

/** One turn of one saga as a store writes it, with what must be durable together with it. */
export interface SagaCommit extends TurnRecord {
  readonly saga: SagaRow;
  readonly outbox: readonly OutboxRow[];
  /**
   * The row of the inbox that asked for this turn: it goes away with it, or is answered. Where it is
   * not there any more nothing of the turn is written.
   */
  readonly inbox?: { readonly id: number; readonly answer: string | null };
  /** Absent where no rule of alerts asks for any. */
  readonly marks?: readonly MarkRow[] | undefined;
  /** Statements of a transactional activity that commit with this turn. */
  readonly statements: readonly ExpectedStatement[];
}

/**
 * What became of a commit. Where several hold, the same over every database: `key-taken`, then
 * `withdrawn`, then `stale`, and only then what its statements come to, which need not have run. Of
 * `unmet` and `rejected` it is either, where the turn's own rows are refused as well. What cannot be
 * handed to the writer, such as a function among the parameters, may be `rejected` before all that.
 */
export type CommitOutcome =
  | { readonly kind: 'committed'; readonly seq: number }
  /** An expectation of a transactional activity was not met; nothing of this turn was written. */
  | { readonly kind: 'unmet'; readonly code: string; readonly message: string }
  /** The start key is taken. */
  | { readonly kind: 'key-taken'; readonly sagaId: string; readonly inputHash: string }
  /** The row of the inbox that asked for it is gone: it was taken before, or taken back. */
  | { readonly kind: 'withdrawn' }
  /** The stored row is not the one this turn was computed from. */
  | { readonly kind: 'stale'; readonly storedSeq: number | null }
  /** This turn's rows were refused (a constraint, a statement that fails); others went through. */
  | { readonly kind: 'rejected'; readonly message: string };

/** Result of participant statements that are not part of a saga's turn. */
export type WriteOutcome =
  | { readonly kind: 'committed'; readonly changes: readonly number[] }
  | { readonly kind: 'unmet'; readonly code: string; readonly message: string }
  | { readonly kind: 'rejected'; readonly message: string };

/** What takes statements, as the store does. */
export interface Writes {
  write(statements: readonly ExpectedStatement[]): Promise<WriteOutcome>;
}

/**
 * Writes them, all or nothing; gives how many rows each changed. Throws `storage-failed` where they are
 * refused, naming `what` was to be kept, and what `write` throws.
 */
export async function written(
  store: Writes,
  statements: readonly ExpectedStatement[],
  what: string,
): Promise<readonly number[]> {
  const outcome = await store.write(statements);
  if (outcome.kind === 'committed') return outcome.changes;
  throw new BackstepError('storage-failed', `${what} could not be kept: ${outcome.message}`);
}
