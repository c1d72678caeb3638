/**
 * Which attempts the call of a saga makes itself, and where: at once, or in a call of its own that
 * comes behind whatever waits for the saga. Pure.
 *
 * As long as a call of a saga runs, no other one does: events, orders and timers wait for such an
 * attempt. So each has a time-out that the user bounds, and it is the only thing that is live.
 */
import type { SagaDefinition } from '../../core/define/definition.ts';
import { isStill, nextDueMs, type SagaState } from '../../core/state.ts';
import { startEffects } from '../../core/turn/effects.ts';
import type { Effect } from '../../core/turn/inbound.ts';
import { traceOf } from '../../core/turn/parent-link.ts';
import type { AttemptDesk } from '../attempt-desk.ts';
import type { OwnFacts } from '../kept-saga.ts';
import type { AttemptWords, SagaWords } from '../words.ts';

export type StartEffect = Extract<Effect, { kind: 'start-activity' }>;

/** Starts an attempt or a child. */
export function isStart(effect: Effect): effect is StartEffect {
  return effect.kind === 'start-activity';
}

/** Attempts that the calls of their sagas make. */
export interface InlineAttempts {
  /** Longest time-out of one. */
  readonly upToMs: number;
  readonly desk: AttemptDesk;
}

/**
 * Where an attempt is made that may be an inline one: `here`, by the call that took the turn; `handed`
 * to another call of its saga, because somebody waits for this one; `apart`, as all others are.
 */
export type AttemptForm = 'here' | 'handed' | 'apart';

/** An inline attempt, and what is left to this call of it. */
export interface Inline {
  readonly effect: StartEffect;
  readonly form: Exclude<AttemptForm, 'apart'>;
}

/**
 * The attempt among those started that need not be a call of its own; `null`: each must be. A timer
 * that is due waits for nothing more: its call comes before the attempt.
 */
export function inlineIn(
  inline: InlineAttempts | null,
  after: SagaState | null,
  started: readonly StartEffect[],
  form: AttemptForm,
  nowMs: number,
): Inline | null {
  if (inline === null || after === null || form === 'apart' || isStill(after)) return null;
  const [only, ...others] = Object.entries(after.live.activities);
  if (only === undefined || others.length > 0) return null;
  const [name, { token }] = only;
  const effect = started.findLast((each) => each.activity === name && each.token === token);
  if (effect === undefined || effect.child !== null || effect.timeout === null) return null;
  if (effect.timeout.delayMs > inline.upToMs) return null;
  const isDue = (nextDueMs(after.live) ?? Infinity) <= nowMs;
  return { effect, form: isDue ? 'handed' : form };
}

/** The attempt that was handed over, unless its saga has moved on or dispatched it again since. */
export function startedAgain(
  definition: SagaDefinition,
  state: SagaState,
  { activity, token, dispatch }: SagaWords['attempt'],
): readonly StartEffect[] {
  const live = state.live.activities[activity];
  const isMeant = live?.token === token && live.dispatches === dispatch && !isStill(state);
  return isMeant
    ? startEffects(definition, state, (each) => each === activity).filter(isStart)
    : [];
}

/** The attempt as whoever makes it is told of it. */
export function attemptWords(
  id: string,
  { type, version }: OwnFacts,
  after: SagaState,
  effect: StartEffect,
  atMs: number,
): AttemptWords {
  const trace = traceOf(after);
  return { saga: id, type, version, effect, ...(trace === null ? {} : { trace }), atMs };
}
