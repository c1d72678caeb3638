/**
 * One macrostep of the machine becomes one turn: its commands tied to the ledger, and what follows.
 *
 * Pure, like the turn it is part of. Invariant: what a turn leaves behind survives JSON.
 */
import type { EventObject } from 'xstate';
import type { SagaDefinition } from './definition.ts';
import type { Inbound, Turn } from './inbound.ts';
import { noteRecord, type Occasion, type Predecessor, recordOf } from './journal-record.ts';
import { assertContext } from './json.ts';
import { beginAttempts, endAttempts, settleRetries } from './ledger.ts';
import { admit, effectsOf, NOTHING_LIVE, rearrange } from './live.ts';
import { failureReasonAfter, parkReasonOf, statusOf } from './saga-status.ts';
import { type Macrostep, stepMachine } from './scope.ts';
import type { Live, SagaState } from './state.ts';
import { statePath } from './state-path.ts';

/** Takes an event through the machine. */
export function react(
  definition: SagaDefinition,
  state: SagaState,
  live: Live,
  occasion: Omit<Occasion, 'event'> & { readonly event: EventObject },
): Turn {
  const { inbound, event, nowMs } = occasion;
  const step = stepMachine(state.snapshot, state.id, event);
  const isHandled = step.snapshot !== state.snapshot || step.commands.length > 0;
  // A result ends its attempt even so, and what a transactional activity wrote commits with it.
  if (!isHandled && inbound.kind !== 'result') {
    const steps = settleRetries(definition, state.steps, live);
    const why = `not handled in state ${statePath(state.snapshot.value)}`;
    return note({ ...state, live, steps }, inbound, nowMs, why);
  }
  return advance(definition, state, live, step, { inbound, event: event.type, nowMs });
}

/** The turn of a macrostep. `live`: what was live before, without what the inbound consumed. */
export function advance(
  definition: SagaDefinition,
  state: Predecessor,
  live: Live,
  { snapshot, commands }: Macrostep,
  occasion: Occasion,
): Turn & { kind: 'advanced' } {
  const { inbound, nowMs } = occasion;
  const { context } = snapshot as { readonly context: unknown };
  if (context !== state.snapshot?.context) {
    assertContext(context, `saga "${definition.id}": context`);
  }
  const moment = { token: state.seq + 1, nowMs };
  const rearranged = rearrange(definition, live, commands, moment);
  const isOver = snapshot.status !== 'active';
  const kept = isOver ? NOTHING_LIVE : rearranged.kept;
  const ended = endAttempts(definition, state.steps, { inbound, before: state.live, kept, nowMs });
  const after = isOver ? NOTHING_LIVE : admit(definition, ended, rearranged, moment.token);
  const steps = beginAttempts(definition, ended, after, moment);
  const status = statusOf(snapshot);
  const next: SagaState = {
    id: state.id,
    seq: moment.token,
    status,
    snapshot,
    live: after,
    steps,
    failureReason: failureReasonAfter(state.failureReason, status, inbound, definition),
    seenEvents: state.seenEvents,
    parkReason: parkReasonOf(snapshot),
  };
  return {
    kind: 'advanced',
    state: next,
    effects: effectsOf(definition, live, next, rearranged.emitted),
    record: recordOf(state, next, occasion),
  };
}

/** The turn of an inbound that moves nothing. */
export function note(state: SagaState, inbound: Inbound, nowMs: number, why: string): Turn {
  const next = { ...state, seq: state.seq + 1 };
  return { kind: 'noted', state: next, record: noteRecord(next, inbound, nowMs, why) };
}
