/**
 * Events for another actor whose time has come: they go out with a turn of their own, which takes
 * no step of the machine.
 *
 * Pure, like every turn.
 */
import { advance, note, selfOf } from './advance.ts';
import type { SagaDefinition } from '../define/definition.ts';
import type { Inbound, Turn } from './inbound.ts';
import { asStored } from '../machine/machine-values.ts';
import { sendFrom } from '../machine/macrostep/scope.ts';
import type { Live, LiveTimer, SagaState } from '../state.ts';

type Timer = Extract<Inbound, { kind: 'timer' }>;

/** The turn of a timer that sends. `live`: without the timer. */
export function sendNow(
  definition: SagaDefinition,
  state: SagaState,
  live: Live,
  { inbound, timer, nowMs }: { inbound: Timer; timer: LiveTimer; nowMs: number },
): Turn {
  const { to, event } = timer;
  const occasion = { inbound, event: event.type, nowMs };
  if (to === undefined || !isThere(state, to)) {
    return note({ ...state, live }, inbound, nowMs, 'the actor that it was for is not there');
  }
  const self = selfOf(definition, state, occasion);
  // What goes to another saga was looked at when the delay began, and is sent as it is.
  const isOutside = to.kind === 'parent' || live.activities[to.id] !== undefined;
  const step = sendFrom(state.snapshot, self, to, isOutside ? asStored(event) : event);
  return advance(definition, state, live, step, occasion);
}

function isThere({ live }: SagaState, to: NonNullable<LiveTimer['to']>): boolean {
  return to.kind === 'parent' || to.token === live.activities[to.id]?.token;
}
