/**
 * A counter-example of `verify` taken again through the core as a host takes it: what it says is
 * wrong must show there, to one who knows nothing of `verify` but the way.
 */
import type { SagaDefinition } from '../../src/core/define/definition.ts';
import type { Turn } from '../../src/core/turn/inbound.ts';
import { statePath } from '../../src/core/machine/state-path.ts';
import { begin, turn } from '../../src/core/turn/turn.ts';
import { isOver, type SagaState } from '../../src/core/state.ts';
import type { ExampleValues } from '../../src/verify/values/examples.ts';
import type { Finding } from '../../src/verify/findings.ts';
import type { Move } from '../../src/verify/move.ts';
import { areIndependent } from '../../src/verify/places.ts';
import { movesOf } from '../../src/verify/moves.ts';
import { EffectBook } from './effect-book.ts';
import { hasGivenUpByItself, retryingIn, standsStill } from './standing.ts';

/** What shows at the end of the way, in words; `null`: nothing does. */
export function retake(
  definition: SagaDefinition,
  examples: ExampleValues,
  { way, code }: Finding,
): string | null {
  // What nobody knows of has happened, where that is the worse.
  const { machine, invokes } = definition;
  const book = new EffectBook(
    (one, other) => areIndependent(machine, one, other, invokes),
    () => true,
    definition.waysBack.size > 0,
  );
  const seen: string[] = [];
  let state: SagaState;
  try {
    const first = begin(definition, 'saga-1', examples.input, 0);
    state = first.state;
    note(book, first, null, null);
    seen.push(statePath(state.snapshot.value));
    for (const { event } of way.slice(1)) {
      const move = movesOf(definition, state, examples).find(({ label }) => label === event);
      if (move === undefined) return null;
      tell(book, definition, move, state);
      const next = turn(definition, move.from, move.inbound, move.nowMs);
      if (next.kind === 'refused') return null;
      note(book, next, move, state);
      const isLost = next.state.snapshot === state.snapshot && code === 'unhandled-outcome';
      ({ state } = next);
      seen.push(statePath(state.snapshot.value));
      if (isLost) return `"${event}" is lost`;
      if (state.status === 'parked') return `parked: ${state.parkReason?.message ?? ''}`;
    }
  } catch (error) {
    return `it throws: ${String(error)}`;
  }
  const [fault = null] = book.faults;
  if (fault !== null) return fault;
  if (standsStill(definition, state)) return 'stuck';
  if (hasGivenUpByItself(state)) return `ends ${state.status}, and nobody said so`;
  const last = seen.at(-1) ?? '';
  if (isLoop(code) && seen.indexOf(last) < seen.length - 1) return `again in ${last}`;
  return code === 'no-end-reachable' ? 'no end' : null;
}

function isLoop(code: Finding['code']): boolean {
  return code === 'endless-retry' || code === 'busy-loop';
}

function note(book: EffectBook, next: Turn, move: Move | null, before: SagaState | null): void {
  if (next.kind !== 'advanced') return;
  const isGoingBack = before?.status === 'compensating' && move?.drive !== 'outside';
  book.take(next.effects, next.state.seq, isGoingBack);
  if (isOver(next.state)) book.end(next.state.status);
}

function tell(
  book: EffectBook,
  definition: SagaDefinition,
  { answer, inbound, decision, subject }: Move,
  state: SagaState,
): void {
  const { status } = state;
  const needsPerson = status === 'compensation_failed' || status === 'failed';
  if (decision !== null && needsPerson) book.decide(subject, status, retryingIn(definition, state));
  if (inbound.kind === 'timer') {
    const role = definition.timers.get(inbound.timer);
    if (role?.kind !== 'attempt-timeout') return;
    book.happenForward(role.activity);
    book.answer(role.activity, false);
  }
  if (answer === null) return;
  const { activity, kind, isAmbiguous, output, probed } = answer;
  if (kind === 'done') book.happen(activity, output);
  else if (isAmbiguous) book.happenForward(activity);
  const isFound = kind === 'done' && probed !== 'never' && probed !== 'unknown';
  if (probed === 'never') book.deny(activity);
  book.answer(activity, kind === 'done', isFound ? (output ?? null) : undefined, !isAmbiguous);
}
