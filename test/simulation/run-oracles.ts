/**
 * What must hold of the single runs of a step: a compensation is called for the run that it undoes,
 * with the round and the answer of that run and of no other, and never for one that failed for
 * certain; a run that is said to be under way is.
 *
 * Told from the calls of participants, and from what the journal says the saga has heard; the
 * ledger of a saga is only looked at to judge it.
 */
import type { ActivityContext } from '../../src/core/activity.ts';
import type { Inbound } from '../../src/core/turn/inbound.ts';
import { UNWIND_CHILD } from '../../src/core/machine/machine-roles.ts';
import type { LiveActivity } from '../../src/core/state.ts';
import type { Unwork, Work } from './block-sagas.ts';
import type { BookOp } from './book-op.ts';
import type { SimSaga } from './sim-saga.ts';
import type { StoredParts } from './stored-states.ts';
import type { OracleName } from './violation.ts';

type Fail = (oracle: OracleName, message: string) => void;

/** A durable turn, as far as it is about attempts. */
export interface RunTurn {
  readonly id: string;
  readonly saga: SimSaga;
  readonly inbound: Inbound;
  readonly isNote: boolean;
  readonly before: StoredParts | null;
  readonly now: StoredParts;
}

export class RunOracles {
  readonly #fail: Fail;
  /** The round that a step was called for, by its key. */
  readonly #rounds = new Map<string, number>();
  /** What a saga has durably heard of a step, by key. */
  readonly #heard = new Map<string, unknown>();
  /** Keys of the runs of which an attempt is over; true: one may have had its effect. */
  readonly #doubts = new Map<string, boolean>();

  constructor(fail: Fail) {
    this.#fail = fail;
  }

  /** A participant is about to be called. */
  onCall(saga: SimSaga, op: BookOp, context: ActivityContext, input: unknown): void {
    if (!saga.carriesRuns) return;
    const { key, forwardKey } = context;
    if (op.kind === 'apply') this.#rounds.set(key, (input as Work).round);
    if (op.kind !== 'undo' || forwardKey === null) return;
    const { round, brought } = input as Unwork;
    const wanted = this.#heard.get(forwardKey) ?? null;
    if (JSON.stringify(brought) !== JSON.stringify(wanted)) {
      const [is, was] = [JSON.stringify(brought), JSON.stringify(wanted)];
      this.#fail('own-run', `${key} carries ${is}, and ${forwardKey} brought ${was}`);
    }
    const ran = this.#rounds.get(forwardKey) ?? round;
    if (round !== ran) this.#fail('own-run', `${key} is of round ${round}, the step ran in ${ran}`);
  }

  onTurn(turn: RunTurn): void {
    this.#noteEndings(turn);
    if (turn.saga.definition.waysBack.size > 0) this.#checkUndoing(turn);
    this.#checkUnderWay(turn);
  }

  #noteEndings({ id, inbound, isNote, before, now }: RunTurn): void {
    for (const [name, attempt] of Object.entries(before?.live.activities ?? {})) {
      if (now.live.activities[name]?.token === attempt.token) continue;
      const key = keyOf(id, attempt);
      const isAnswered = inbound.kind === 'result' && !isNote && inbound.activity === name;
      const outcome = isAnswered ? inbound.outcome : null;
      if (attempt.direction === 'forward') {
        if (outcome?.kind === 'done') this.#heard.set(key, outcome.output);
        const isCertain = outcome?.kind === 'failed' && !outcome.failure.ambiguous;
        const isDoubtful = !isCertain || attempt.dispatches > 1;
        this.#doubts.set(key, this.#doubts.get(key) === true || isDoubtful);
      }
      if (attempt.direction !== 'probe' || outcome?.kind !== 'done') continue;
      const { kind, output = null } = outcome.output as ProbeAnswer;
      if (kind === 'never') this.#doubts.set(key, false);
      if (kind === 'happened') this.#heard.set(key, output);
    }
  }

  #checkUndoing({ id, before, now }: RunTurn): void {
    for (const [name, attempt] of Object.entries(now.live.activities)) {
      if (attempt.direction !== 'compensate' || attempt.src === UNWIND_CHILD) continue;
      if (before?.live.activities[name]?.token === attempt.token) continue;
      const key = keyOf(id, attempt);
      if (this.#doubts.get(key) !== false) continue;
      this.#fail('undo-of-nothing', `${attempt.src} undoes ${key}, which failed for certain`);
    }
  }

  /** A saga that stands still keeps what was live. */
  #checkUnderWay({ id, now: { live, steps, status } }: RunTurn): void {
    if (status === 'terminated') return;
    const activities = Object.values(live.activities);
    for (const { name, occurrence, status: at } of steps) {
      if (at !== 'running') continue;
      const isLive = activities.some(
        (each) =>
          each.step === name && each.occurrence === occurrence && each.direction === 'forward',
      );
      if (!isLive) this.#fail('under-way', `${name} ${occurrence} of ${id} is not under way`);
    }
  }
}

interface ProbeAnswer {
  readonly kind: string;
  readonly output?: unknown;
}

/** The key of the step that the attempt is about. */
function keyOf(id: string, { step, occurrence }: LiveActivity): string {
  return `${id}/${step}/forward/${occurrence}`;
}
