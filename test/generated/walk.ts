/**
 * Ways through a saga by chance, in the real core: whatever can happen happens, and the book of
 * effects judges it. A walk prefers what was never taken from where it stands.
 */
import type { Turn } from '../../src/core/turn/inbound.ts';
import { begin, MAX_DISPATCHES, turn } from '../../src/core/turn/turn.ts';
import { statePath } from '../../src/core/machine/state-path.ts';
import { hasLiveActivity, isOver, type SagaState } from '../../src/core/state.ts';
import { EffectBook } from './effect-book.ts';
import { Happenings, type Option, type WorldOptions } from './happenings.ts';
import { hasGivenUpByItself, standsStill } from './standing.ts';

/** What a walk was like. */
export interface Walked {
  /** What was wrong first; `null`: nothing. */
  readonly fault: string | null;
  readonly turns: number;
  readonly way: readonly string[];
  readonly status: SagaState['status'];
}

export interface WalkOptions extends WorldOptions {
  readonly areIndependent: (one: string, other: string) => boolean;
  /** Moves that were taken before, by place; shared by the walks through one saga. */
  readonly taken: Set<string>;
}

const MAX_TURNS = 240;
/** So many turns without anybody stepping in are taken to be endless. */
const ENDLESS_TURNS = 160;

/** One way, until the saga is settled and nobody comes any more. */
export function walk(options: WalkOptions): Walked {
  return new Walk(options).go();
}

class Walk {
  readonly #options: WalkOptions;
  readonly #book: EffectBook;
  readonly #happenings: Happenings;
  readonly #way: string[] = [];
  #unwatched = 0;
  #inside = 0;

  constructor(options: WalkOptions) {
    this.#options = options;
    const { areIndependent, dice } = options;
    this.#book = new EffectBook(
      areIndependent,
      () => dice.isLucky(0.5),
      options.definition.waysBack.size > 0,
    );
    this.#happenings = new Happenings(options, this.#book);
  }

  go(): Walked {
    const { definition, examples, dice } = this.#options;
    let state: SagaState | null = null;
    const told = (fault: string | null): Walked => ({
      fault,
      turns: this.#way.length,
      way: this.#way,
      status: state?.status ?? 'running',
    });
    try {
      const input = dice.pick(examples.inputs.values);
      const first = begin(definition, 'saga-1', input, this.#happenings.nowMs);
      this.#note(first, 'start', null);
      state = first.state;
      while (this.#way.length < MAX_TURNS) {
        const fault = this.#faultIn(state);
        if (fault !== null) return told(fault);
        if (isOver(state)) return told(null);
        const option = this.#choose(state);
        if (option === null) return told(null);
        const next = this.#step(state, option);
        if (next !== null) state = next;
      }
    } catch (error) {
      return told(`it throws: ${error instanceof Error ? error.message : String(error)}`);
    }
    const isEndless = this.#unwatched > ENDLESS_TURNS || this.#inside > ENDLESS_TURNS;
    return told(isEndless ? 'it goes on for ever' : null);
  }

  #step(state: SagaState, option: Option): SagaState | null {
    const { definition, taken } = this.#options;
    taken.add(`${statePath(state.snapshot.value)} ${option.label}`);
    const inbound = option.take();
    // Many dispatches are only a matter of patience.
    const from = inbound.kind === 'interrupted' ? worn(state, inbound.activity) : state;
    const next = turn(definition, from, inbound, this.#happenings.nowMs);
    if (next.kind === 'refused') return null;
    this.#note(next, option.label, state);
    this.#watch(next.state, option);
    return next.state;
  }

  #note(next: Turn, label: string, before: SagaState | null): void {
    if (next.kind === 'refused') return;
    const { state } = next;
    this.#way.push(`${label} → ${statePath(state.snapshot.value)}`);
    if (next.kind !== 'advanced') return;
    const isGoingBack = before?.status === 'compensating' && !/^(event|command)/.test(label);
    this.#book.take(next.effects, state.seq, isGoingBack);
    if (isOver(state)) this.#book.end(state.status);
  }

  // Who tries again what is declared retriable does so until a person steps in.
  #watch({ status, steps, live }: SagaState, { isOutside, label }: Option): void {
    const isWatched =
      ['waiting', 'compensation_failed', 'failed'].includes(status) ||
      steps.some((step) => step.status === 'retrying' && step.kind === 'retriable');
    this.#unwatched = isOutside || isWatched ? 0 : this.#unwatched + 1;
    const isImmediate = !label.startsWith('timer') && hasLiveActivity(live);
    this.#inside = isOutside || !isImmediate ? 0 : this.#inside + 1;
  }

  #faultIn(state: SagaState): string | null {
    const [fault = null] = this.#book.faults;
    if (fault !== null) return fault;
    const { status, parkReason } = state;
    if (status === 'parked') return `parked: ${parkReason?.message ?? ''}`;
    if (hasGivenUpByItself(state)) return `ends ${status}, and nobody said so`;
    if (!standsStill(this.#options.definition, state)) return null;
    return `stuck in ${statePath(state.snapshot.value)}, ${status}`;
  }

  #choose(state: SagaState): Option | null {
    const { dice, taken, isCalm = false } = this.#options;
    const place = statePath(state.snapshot.value);
    const all = this.#happenings.in(state).filter(({ isOutside }) => !isCalm || !isOutside);
    if (all.length === 0) return isCalm ? (this.#happenings.in(state)[0] ?? null) : null;
    const fresh = all.filter(({ label }) => !taken.has(`${place} ${label}`));
    const among = !isCalm && fresh.length > 0 && dice.isLucky(0.6) ? fresh : all;
    let rest = dice.fraction() * among.reduce((sum, { weight }) => sum + weight, 0);
    return among.find(({ weight }) => (rest -= weight) < 0) ?? among.at(-1) ?? null;
  }
}

function worn(state: SagaState, activity: string): SagaState {
  const live = state.live.activities[activity];
  if (live === undefined) return state;
  const activities = {
    ...state.live.activities,
    [activity]: { ...live, dispatches: MAX_DISPATCHES },
  };
  return { ...state, live: { ...state.live, activities } };
}
