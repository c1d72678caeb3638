/**
 * One macrostep of the machine becomes one turn: its commands tied to the ledger, and what follows.
 *
 * Pure, like the turn it is part of. Invariant: what a turn leaves behind survives JSON.
 */
import type { EventObject } from 'xstate';
import type { SagaDefinition } from '../define/definition.ts';
import { authorOf, type Inbound, type Turn } from './inbound.ts';
import {
  noteRecord,
  type Occasion,
  type Predecessor,
  recordOf,
} from '../history/journal-record.ts';
import { fromJournalAfter } from '../history/from-journal.ts';
import { wasGivenUp } from './ledger.ts';
import { beginAttempts, endAttempts, settleRetries, withAnswer } from './ledger-turn.ts';
import { takeEarly } from './early-events.ts';
import { effectsOf } from './effects.ts';
import { isUnstarted } from './waiting-room.ts';
import { admit, NOTHING_LIVE } from './live.ts';
import { rearrange } from './rearrange.ts';
import { plainSnapshot } from '../machine/macrostep/plain-snapshot.ts';
import { failureReasonAfter, parkReasonOf, statusOf } from '../machine/saga-status.ts';
import { stepMachine } from '../machine/macrostep/scope.ts';
import type { Identity, Macrostep, Self } from '../machine/macrostep/macrostep.ts';
import type { Live, Resolution, SagaState, StepEntry } from '../state.ts';
import { statePath } from '../machine/state-path.ts';
import type { SagaStatus } from '../status.ts';

/** Takes an event through the machine. */
export function react(
  definition: SagaDefinition,
  state: SagaState,
  live: Live,
  occasion: Omit<Occasion, 'event'> & { readonly event: EventObject },
): Turn {
  const { inbound, event, nowMs } = occasion;
  const macrostep = stepMachine(state.snapshot, selfOf(definition, state, occasion), event);
  const isHandled = macrostep.snapshot !== state.snapshot || macrostep.commands.length > 0;
  // A result ends its attempt even so, and what a transactional activity wrote commits with it.
  if (!isHandled && inbound.kind !== 'result') {
    const steps = settleRetries(definition, state.steps, live);
    const why = `not handled in state ${statePath(state.snapshot.value)}`;
    return note({ ...state, live, steps }, inbound, nowMs, why);
  }
  return advance(definition, state, live, macrostep, { inbound, event: event.type, nowMs });
}

/** The turn of a macrostep. `live`: what was live before, without what the inbound consumed. */
export function advance(
  definition: SagaDefinition,
  state: Predecessor,
  live: Live,
  macrostep: Macrostep,
  occasion: Occasion,
): Turn & { kind: 'advanced' } {
  const { inbound, nowMs } = occasion;
  const caughtUp = takeEarly(selfOf(definition, state, occasion), macrostep, state.early);
  const { commands, early, taken } = caughtUp;
  const snapshot = plainSnapshot(definition.id, state.snapshot, caughtUp.snapshot);
  const { context } = snapshot as { readonly context: unknown };
  const moment = { token: state.seq + 1, nowMs, context };
  const rearranged = rearrange(definition, live, commands, moment);
  const isOver = snapshot.status !== 'active';
  const kept = isOver ? NOTHING_LIVE : rearranged.kept;
  const endings = { inbound, before: state.live, left: live, kept, nowMs };
  const ended = endAttempts(definition, state.steps, endings);
  const after = isOver
    ? NOTHING_LIVE
    : admit(definition, { id: state.id, steps: ended }, rearranged, moment.token);
  const steps = beginAttempts(definition, ended, after, moment);
  const status = endingAs(statusOf(snapshot), steps);
  const next: SagaState = {
    id: state.id,
    parent: state.parent,
    seq: moment.token,
    status,
    snapshot,
    live: after,
    steps,
    failureReason: failureReasonAfter(state.failureReason, status, inbound, definition, context),
    seenEvents: state.seenEvents,
    early,
    resolution: isOver ? resolutionOf(status, steps, occasion) : null,
    parkReason: parkReasonOf(snapshot),
    trace: state.trace,
    fromJournal: fromJournalAfter(definition, {
      before: state,
      inbound,
      seq: moment.token,
      context,
    }),
  };
  return {
    kind: 'advanced',
    state: next,
    effects: effectsOf(
      definition,
      live,
      next,
      rearranged.outgoing,
      snapshot !== state.snapshot && !isUnstarted(next),
    ),
    record: recordOf(state, next, taken === null ? occasion : { ...occasion, note: taken }),
  };
}

/** The saga as its machine knows itself in this turn. */
export function selfOf(
  definition: SagaDefinition,
  state: Predecessor,
  { inbound, nowMs }: Pick<Occasion, 'inbound' | 'nowMs'>,
): Self {
  const ledger = (): readonly StepEntry[] => withAnswer(definition, state, inbound, nowMs);
  return { ...identityOf(state), ledger, turn: state.seq + 1 };
}

/** Who the saga is, for a machine that takes no step. */
export function identityOf({ id, parent }: Pick<SagaState, 'id' | 'parent'>): Identity {
  return { id, parentId: parent?.sagaId ?? null };
}

// A saga in which a person gave something up, or in a child of which, never ends as compensated.
function endingAs(drawn: SagaStatus, steps: readonly StepEntry[]): SagaStatus {
  return drawn === 'compensated' && wasGivenUp(steps) ? 'compensation_failed' : drawn;
}

// Where a person's command, event or earlier skip led the machine to one of these ends, that person
// resolved the saga. A machine that came there by itself leaves the saga open: it still needs a
// person.
function resolutionOf(
  status: SagaState['status'],
  steps: readonly StepEntry[],
  { inbound, nowMs }: Occasion,
): Resolution | null {
  if (status !== 'compensation_failed' && status !== 'failed') return null;
  const { by, reason } = authorOf(inbound);
  const last = steps.findLast(({ skip, gaveUp }) => (skip ?? gaveUp) !== undefined);
  const given = last?.skip ?? last?.gaveUp;
  const isSaid = inbound.kind === 'command' || inbound.kind === 'event' || given !== undefined;
  if (!isSaid) return null;
  return { atMs: nowMs, by: by ?? given?.by ?? null, reason: reason ?? given?.reason ?? null };
}

/** The turn of an inbound that moves nothing. */
export function note(state: SagaState, inbound: Inbound, nowMs: number, why: string): Turn {
  const next = { ...state, seq: state.seq + 1 };
  return { kind: 'noted', state: next, record: noteRecord(next, inbound, nowMs, why) };
}
