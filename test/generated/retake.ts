/**
 * A counter-example of `verify` taken again through the core as a host takes it: what it says is
 * wrong must show there, to one who knows nothing of `verify` but the way.
 */
import type { SagaDefinition } from '../../src/core/define/definition.ts';
import type { Turn } from '../../src/core/turn/inbound.ts';
import type { ReplayedTurn } from '../../src/core/history/replay.ts';
import { statePath } from '../../src/core/machine/state-path.ts';
import { begin, turn } from '../../src/core/turn/turn.ts';
import { isOver, type SagaState } from '../../src/core/state.ts';
import type { ExampleValues } from '../../src/verify/values/examples.ts';
import type { Finding } from '../../src/verify/findings.ts';
import type { Move } from '../../src/verify/moves/move.ts';
import { areIndependent } from '../../src/verify/places.ts';
import { movesOf } from '../../src/verify/moves/moves.ts';
import { EffectBook } from './effect-book.ts';
import { hasGivenUpByItself, retryingIn, standsStill } from './standing.ts';

/** What shows at the end of the way, in words; `null`: nothing does. */
export function retake(
  definition: SagaDefinition,
  examples: ExampleValues,
  { way, code }: Finding,
): string | null {
  const watcher = new Watcher(definition, code);
  try {
    // A start that throws leads nowhere: whichever of the inputs it was.
    if (way.length === 0)
      for (const each of examples.inputs.values) begin(definition, 'saga-1', each, 0);
    const first = begin(definition, 'saga-1', inputOf(examples, way), 0);
    let { state } = first;
    watcher.note(takenIn(first, state), null, null);
    for (const { event } of way.slice(1)) {
      const move = movesOf(definition, state, examples).find(({ label }) => label === event);
      if (move === undefined) return null;
      watcher.tell(move, state);
      const next = turn(definition, move.from, move.inbound, move.nowMs);
      if (next.kind === 'refused') return null;
      watcher.note(takenIn(next, next.state), move, state);
      const isLost = next.state.snapshot === state.snapshot && code === 'unhandled-outcome';
      ({ state } = next);
      if (isLost) return `"${event}" is lost`;
      if (state.status === 'parked') return parkedText(state);
    }
    return watcher.faultIn(state);
  } catch (error) {
    return `it throws: ${String(error)}`;
  }
}

/** The input that the way begins with: one of several examples is told by its number. */
export function inputOf({ inputs }: ExampleValues, way: Finding['way']): unknown {
  const number = / \(example (\d+)\)$/.exec(way[0]?.event ?? '')?.[1] ?? '1';
  return inputs.values[Number(number) - 1];
}

/** A saga that stands still, and why. */
export function parkedText({ parkReason }: SagaState): string {
  return `parked: ${parkReason?.message ?? ''}`;
}

/** One who sees what a saga does, knows what became of it outside, and says what is wrong. */
export class Watcher {
  readonly #definition: SagaDefinition;
  readonly #code: Finding['code'];
  readonly #book: EffectBook;
  readonly #seen: string[] = [];

  constructor(definition: SagaDefinition, code: Finding['code']) {
    const { machine, invokes, waysBack } = definition;
    this.#definition = definition;
    this.#code = code;
    // What nobody knows of has happened, where that is the worse.
    this.#book = new EffectBook(
      (one, other) => areIndependent(machine, one, other, invokes),
      () => true,
      waysBack.size > 0,
    );
  }

  /** A move is about to be taken in this state. */
  tell(move: Move, state: SagaState): void {
    tell(this.#book, this.#definition, move, state);
  }

  /** A turn was taken. `before`: `null` at the start. */
  note(next: TurnTaken, move: Move | null, before: SagaState | null): void {
    note(this.#book, next, move, before);
    this.#seen.push(statePath(next.state.snapshot.value));
  }

  /** What is wrong at the end of the way; `null`: nothing is. */
  faultIn(state: SagaState): string | null {
    const [fault = null] = this.#book.faults;
    if (fault !== null) return fault;
    if (standsStill(this.#definition, state)) return 'stuck';
    if (hasGivenUpByItself(state)) return `ends ${state.status}, and nobody said so`;
    const last = this.#seen.at(-1) ?? '';
    const isAgain = this.#seen.indexOf(last) < this.#seen.length - 1;
    if (isLoop(this.#code) && isAgain) return `again in ${last}`;
    return this.#code === 'no-end-reachable' ? 'no end' : null;
  }
}

/** A turn that was taken, as the core gives it or as the journal does. */
export type TurnTaken = Pick<ReplayedTurn, 'state' | 'effects'>;

function takenIn(next: Turn, state: SagaState): TurnTaken {
  return { state, effects: next.kind === 'advanced' ? next.effects : [] };
}

function isLoop(code: Finding['code']): boolean {
  return code === 'endless-retry' || code === 'busy-loop';
}

function note(
  book: EffectBook,
  next: TurnTaken,
  move: Move | null,
  before: SagaState | null,
): void {
  const isGoingBack = before?.status === 'compensating' && move?.drive !== 'outside';
  book.take(next.effects, next.state.seq, isGoingBack);
  if (isOver(next.state)) book.end(next.state.status);
}

function tell(
  book: EffectBook,
  definition: SagaDefinition,
  { answer, decision, subject, step }: Move,
  state: SagaState,
): void {
  const { status } = state;
  const needsPerson = status === 'compensation_failed' || status === 'failed';
  if (decision !== null && needsPerson) {
    book.decide(subject, status, retryingIn(definition, state), step);
  }
  if (answer === null) return;
  const { activity, kind, isAmbiguous, output, probed } = answer;
  if (kind === 'done') book.happen(activity, output);
  else if (isAmbiguous) book.happenForward(activity);
  const isFound = kind === 'done' && probed !== 'never' && probed !== 'unknown';
  if (probed === 'never') book.deny(activity);
  book.answer(activity, kind === 'done', isFound ? (output ?? null) : undefined, !isAmbiguous);
}
