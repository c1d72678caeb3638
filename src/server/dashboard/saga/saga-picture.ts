/**
 * Everything that the page of one saga shows, read once: the saga as it is, or as it was after any
 * turn of its journal.
 *
 * Nothing is rendered here. Invariant: `shown` is the state after turn `seq`, whatever came later.
 */
import type { SagaDefinition } from '../../../core/define/definition.ts';
import { BackstepError } from '../../../core/errors.ts';
import type { SagaState } from '../../../core/state.ts';
import type { AuditEntry, SagaSummary } from '../../../store/read-models.ts';
import type { HttpContext } from '../../context.ts';
import { childIdsOf } from '../../api/saga-detail-answer.ts';
import { type SagaHistories, type SagaHistory, turnAt } from '../../api/saga-history.ts';
import { definitionOf, noSagaInWords, readableState } from '../../saga-lookup.ts';

/** A saga as one looks at it. */
export interface SagaPicture {
  readonly kind: 'picture';
  readonly saga: SagaSummary;
  /** Of the version it ran under then; `undefined`: that is not registered here. */
  readonly definition: SagaDefinition | undefined;
  /** The state to show: after turn `seq`. */
  readonly shown: SagaState;
  /** The state one turn before it; `null` for the first, or where it cannot be replayed. */
  readonly before: SagaState | null;
  readonly seq: number;
  /** The last turn of the saga: of a long journal only the beginning is in `history`. */
  readonly lastSeq: number;
  /** True when a past turn was asked for: no command can be given there. */
  readonly isPast: boolean;
  readonly history: SagaHistory;
  readonly audit: readonly AuditEntry[];
  readonly children: readonly SagaSummary[];
}

/** A saga that cannot be shown, and why. */
export interface NoPicture {
  readonly kind: 'unknown' | 'unreadable';
  readonly why: string;
}

/** Reads a saga. `seq` null: as it is now; a number: after that turn of its journal. */
export async function pictureOf(
  { backstep }: Pick<HttpContext, 'backstep'>,
  histories: SagaHistories,
  sagaId: string,
  seq: number | null,
): Promise<SagaPicture | NoPicture> {
  const row = await backstep.read.saga(sagaId);
  if (row === null) return { kind: 'unknown', why: noSagaInWords(sagaId) };
  const present = await readableState(backstep, sagaId);
  if (present instanceof BackstepError) return { kind: 'unreadable', why: present.message };
  const { state: _, definitionHash: _hash, ...saga } = row;
  const current = definitionOf(backstep, saga.type, saga.version);
  const history = await histories.of(sagaId, current, (version) =>
    definitionOf(backstep, saga.type, version),
  );
  const stateAt = (at: number): SagaState | null => turnAt(history, at)?.state ?? null;
  const shown = seq === null || seq === present.seq ? present : stateAt(seq);
  if (shown === null) return { kind: 'unknown', why: noTurn(history, present.seq, seq ?? 0) };
  const definition =
    shown === present ? current : (turnAt(history, shown.seq)?.definition ?? current);
  const [audit, children] = await Promise.all([
    backstep.read.audit(sagaId),
    backstep.read.summaries(childIdsOf(shown)),
  ]);
  return {
    kind: 'picture',
    saga,
    definition,
    shown,
    before: stateAt(shown.seq - 1),
    seq: shown.seq,
    lastSeq: Math.max(present.seq, history.records.at(-1)?.sagaSeq ?? 0),
    isPast: seq !== null,
    history,
    audit,
    children,
  };
}

function noTurn({ flaw, gap, turns }: SagaHistory, last: number, seq: number): string {
  if (seq < 1 || seq > last) return `There is no turn ${seq}: the saga has turns 1 to ${last}.`;
  const first = turns[0]?.record.sagaSeq ?? 1;
  const reason = gap !== null && seq < first ? gap : flaw;
  const where = reason?.sagaSeq ?? seq;
  return `Turn ${seq} cannot be shown: turn ${where} does not replay (${reason?.why ?? 'no reason'}).`;
}
