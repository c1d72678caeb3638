/**
 * What a turn says to the rules: marks that are written in the turn's own transaction, so that none
 * is lost or made up, wherever the process dies.
 *
 * Pure. Rules are sorted by type once, so that a turn looks only at those that may be about it.
 */
import type { DeadLetterContents } from '../../core/turn/dead-letter.ts';
import type { SagaStatus } from '../../core/status.ts';
import type { MarkRow, StepFailure, TurnRecord } from '../../store/commit.ts';
import type { AlertCondition } from './alert-options.ts';
import type { Rule } from './alert-rules.ts';

/** What incidents are grouped by; names in the order in which they are told. */
export type AlertCause = Readonly<Record<string, string>>;

/** Longest text of an error that a mark keeps. */
const MAX_DETAIL = 500;

export class Marker {
  readonly #rules: readonly Rule[];
  readonly #byType = new Map<string, readonly Rule[]>();

  constructor(rules: readonly Rule[]) {
    this.#rules = rules;
  }

  /** `undefined`: nothing, as nearly always. `failureOf` is asked only where it matters. */
  marksOf(
    type: string,
    record: TurnRecord,
    failureOf: () => StepFailure | null,
  ): readonly MarkRow[] | undefined {
    let marks: MarkRow[] | undefined;
    for (const rule of this.#rulesOf(type)) {
      const mark = markOf(rule, type, record, failureOf);
      if (mark !== null) (marks ??= []).push(mark);
    }
    return marks;
  }

  #rulesOf(type: string): readonly Rule[] {
    let rules = this.#byType.get(type);
    if (rules === undefined) {
      rules = this.#rules.filter(({ when }) => marksFor(when) && isAbout(when, type));
      this.#byType.set(type, rules);
    }
    return rules;
  }
}

/** A marker; `null` where no rule is about turns, so that none pays for it. */
export function markerOf(rules: readonly Rule[]): Marker | null {
  return rules.some(({ when }) => marksFor(when)) ? new Marker(rules) : null;
}

/** Whether turns say when it holds. */
export function marksFor({ kind }: AlertCondition): boolean {
  return kind === 'dead-letter' || kind === 'step-failures' || kind === 'saga-age';
}

function isAbout(when: AlertCondition, type: string): boolean {
  return !('type' in when) || when.type === undefined || when.type === type;
}

function markOf(
  { name: rule, when, spanMs }: Rule,
  type: string,
  record: TurnRecord,
  failureOf: () => StepFailure | null,
): MarkRow | null {
  if (when.kind === 'dead-letter') {
    const { deadLetter } = record;
    if (deadLetter === null) return null;
    const { kind, letter } = deadLetter;
    const opens = letter === null ? null : openedLetter(type, kind, letter);
    return { rule, endsAfterMs: 0, opens };
  }
  if (when.kind === 'saga-age') return agedMark(rule, when, spanMs, type, record);
  if (when.kind !== 'step-failures') return null;
  const failure = failureOf();
  if (failure === null || (when.step !== undefined && when.step !== failure.step)) return null;
  const cause = causeText({ type, step: failure.step });
  const detail = failure.error.slice(0, MAX_DETAIL);
  return { rule, endsAfterMs: null, opens: { cause, detail, isOver: true } };
}

/** The mark of an open dead letter; `letter`: its JSON. */
export function openedLetter(
  type: string,
  status: SagaStatus,
  letter: string,
): NonNullable<MarkRow['opens']> {
  const { error } = JSON.parse(letter) as Pick<DeadLetterContents, 'error'>;
  const code = (error?.code ?? '').slice(0, MAX_DETAIL);
  const detail = error === null ? null : `${error.code}: ${error.message}`.slice(0, MAX_DETAIL);
  return { cause: causeText({ type, status, code }), detail, isOver: false };
}

/** A rule about how long a saga stands somewhere. */
export type SagaAge = Extract<AlertCondition, { kind: 'saga-age' }>;

function agedMark(
  rule: string,
  when: SagaAge,
  spanMs: number,
  type: string,
  { saga, birth, journal }: TurnRecord,
): MarkRow | null {
  const isOver = saga.endedAtMs !== null;
  const isMoved = 'status' in when ? !saga.isStandingSame : isOver || journal.from !== journal.to;
  if (!isMoved) return null;
  const isIn = !isOver && standsAs(when, saga.status, journal.to);
  if (isIn) return { rule, endsAfterMs: null, opens: agedOpening(when, type) };
  return birth === null ? { rule, endsAfterMs: spanMs, opens: null } : null;
}

/** The mark of a saga that stands as the rule says. */
export function agedOpening(when: SagaAge, type: string): NonNullable<MarkRow['opens']> {
  const place = 'status' in when ? { status: when.status } : { state: when.state };
  return { cause: causeText({ type, ...place }), detail: null, isOver: false };
}

/** Whether a saga stands as the rule says. `path`: of its state, parallel ones joined with ` + `. */
export function standsAs(when: SagaAge, status: SagaStatus, path: string): boolean {
  if ('status' in when) return when.status === status;
  return path.split(' + ').some((part) => `.${part}.`.includes(`.${when.state}.`));
}

/** As it is stored; the same cause is the same text. */
export function causeText(cause: AlertCause): string {
  return JSON.stringify(cause);
}
