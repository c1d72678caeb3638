/**
 * How a saga goes on that stood still: attempts that were cut off are dispatched again, under the same
 * keys.
 *
 * Pure, like every turn. Invariant: an attempt that may be made only once is never dispatched again. Its
 * machine hears that nobody knows how it came out, as after the end of a process.
 */
import type { EventObject } from 'xstate';
import { endOfActor } from './actor-ends.ts';
import { advance, selfOf } from './advance.ts';
import type { SagaDefinition } from '../define/definition.ts';
import { startEffects } from './effects.ts';
import { INTERRUPTED_ONCE } from '../failure.ts';
import type { Inbound, Turn } from './inbound.ts';
import { type Occasion, recordOf } from '../history/journal-record.ts';
import { beginAttempts, endAttempts } from './ledger-turn.ts';
import { admit, dispatchedAgain } from './live.ts';
import type { Macrostep } from '../machine/macrostep/macrostep.ts';
import { statusOf } from '../machine/saga-status.ts';
import { type Command, stepMachine } from '../machine/macrostep/scope.ts';
import type { SagaState } from '../state.ts';

type Ordered = Extract<Inbound, { kind: 'command' }>;

/** The turn that lets a paused or parked saga go on where it stood. */
export function goOn(
  definition: SagaDefinition,
  frozen: SagaState,
  inbound: Ordered,
  nowMs: number,
): Turn {
  const occasion = { inbound, event: inbound.command.name, nowMs };
  const standing = { snapshot: frozen.snapshot, commands: [] };
  const cut = withoutCutOff(definition, frozen, standing, occasion);
  const state = withFailedAgain(definition, cut.state, nowMs);
  const { live } = state;
  if (state.early.length > 0 || cut.state !== frozen) {
    // Events that came while it stood still are taken with this turn, as far as accepted now.
    const taken = advance(definition, state, live, cut.step, occasion);
    const { activities } = taken.state.live;
    const goesOn = (id: string): boolean => activities[id]?.token === live.activities[id]?.token;
    const starts = startEffects(definition, taken.state, goesOn);
    return { ...taken, effects: [...starts, ...taken.effects] };
  }
  const status = statusOf(frozen.snapshot);
  const next: SagaState = { ...state, seq: state.seq + 1, status, live, parkReason: null };
  const record = recordOf(state, next, occasion);
  const effects = startEffects(definition, next, () => true);
  return { kind: 'advanced', state: next, effects, record };
}

/**
 * The turn of an event that leads a parked saga back from where it stood; `null`: it moves nothing. Of
 * the attempts that were live then, those that the machine leaves are in doubt, and those that it
 * keeps are dispatched again.
 */
export function turnFromParked(
  definition: SagaDefinition,
  state: SagaState,
  { inbound, event, nowMs }: Omit<Occasion, 'event'> & { readonly event: EventObject },
): Turn | null {
  const occasion = { inbound, event: event.type, nowMs };
  const first = stepMachine(state.snapshot, selfOf(definition, state, occasion), event);
  if (first.snapshot === state.snapshot && first.commands.length === 0) return null;
  const cut = withoutCutOff(definition, state, first, occasion);
  const taken = advance(definition, cut.state, cut.state.live, cut.step, occasion);
  const { activities } = taken.state.live;
  const wasLive = (id: string): boolean =>
    activities[id]?.token === state.live.activities[id]?.token;
  const { seq } = taken.state;
  const before = { ...taken.state, seq: seq - 1 };
  const next = { ...withFailedAgain(definition, before, nowMs, wasLive), seq };
  const starts = startEffects(definition, next, wasLive);
  return { ...taken, state: next, effects: [...starts, ...taken.effects] };
}

// After a step of the machine, which may have left some of them: of the attempts that may be made only
// once and were cut off, each that is left is over, in doubt, and the machine has heard it. The same
// state where there is none.
function withoutCutOff(
  definition: SagaDefinition,
  state: SagaState,
  step: Macrostep,
  occasion: Occasion,
): { readonly state: SagaState; readonly step: Macrostep } {
  let left = state;
  let { snapshot, commands } = step;
  for (const [id, { isOnce, hasFailed, token }] of Object.entries(state.live.activities)) {
    if (isOnce !== true || hasFailed === true || endsIn(commands, id)) continue;
    if (snapshot.status !== 'active') break;
    const outcome = { kind: 'failed', failure: INTERRUPTED_ONCE } as const;
    const { [id]: _, ...activities } = left.live.activities;
    const kept = { ...left.live, activities };
    const inbound = { kind: 'result', activity: id, token, outcome } as const;
    const { nowMs } = occasion;
    const endings = { inbound, before: left.live, left: kept, kept, nowMs };
    left = { ...left, live: kept, steps: endAttempts(definition, left.steps, endings) };
    const event = endOfActor(definition, id, outcome);
    const further = stepMachine(snapshot, selfOf(definition, left, occasion), event);
    snapshot = further.snapshot;
    commands = [...commands, ...further.commands];
  }
  return { state: left, step: { snapshot, commands } };
}

function endsIn(commands: readonly Command[], activity: string): boolean {
  return commands.some(
    (each) => (each.kind === 'stop' || each.kind === 'invoke') && each.id === activity,
  );
}

// Attempts that were cut off are dispatched again; one whose failure the machine did not handle is
// tried again, as a new attempt.
function withFailedAgain(
  definition: SagaDefinition,
  state: SagaState,
  nowMs: number,
  wasLive: (activity: string) => boolean = () => true,
): SagaState {
  const all = Object.entries(state.live.activities);
  const failed = all.filter(([, { hasFailed }]) => hasFailed === true);
  const cutOff = all.filter(([, { hasFailed }]) => hasFailed !== true);
  const kept = { ...state.live, activities: Object.fromEntries(cutOff) };
  const live = dispatchedAgain(kept, wasLive, true);
  if (failed.length === 0) return { ...state, live };
  const invoked = failed.map(([id, { src, input }]) => ({ id, src, input }));
  const token = state.seq + 1;
  const after = admit(definition, state, { kept: live, invoked, outgoing: [] }, token);
  const { context } = state.snapshot as { readonly context: unknown };
  const steps = beginAttempts(definition, state.steps, after, { token, nowMs, context });
  return { ...state, live: after, steps };
}
