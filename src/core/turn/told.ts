/**
 * What actors that a saga runs tell it: callbacks and observables in the memory of the host, and
 * child sagas that show their snapshots.
 *
 * Invariant: only an actor that is still live is heard, by its token. What no transition takes is
 * dropped without a trace, as XState's interpreter does: a stream of it must not fill the journal.
 */
import { type EventObject, matchesState, type StateValue } from 'xstate';
import { react } from './advance.ts';
import type { SagaDefinition } from '../define/definition.ts';
import { isKnownEvent, rememberEvent } from './early-events.ts';
import type { Inbound, Turn } from './inbound.ts';
import { isOver, isStill, type SagaState } from '../state.ts';

type Told = Extract<Inbound, { kind: 'told' }>;

const UNHEARD: Turn = { kind: 'refused', reason: 'not-accepted', legal: [] };

/** The turn of what an actor says. */
export function onTold(
  definition: SagaDefinition,
  state: SagaState,
  inbound: Told,
  nowMs: number,
): Turn {
  const { activity, token, id } = inbound;
  if (isOver(state) || isStill(state)) return UNHEARD;
  if (state.live.activities[activity]?.token !== token) return UNHEARD;
  if (id !== undefined && isKnownEvent(state, id)) return UNHEARD;
  const seen = id === undefined ? state : { ...state, seenEvents: rememberEvent(state, id) };
  const event = withSnapshotMethods(inbound.event);
  const taken = react(definition, seen, state.live, { inbound, event, nowMs });
  return taken.kind === 'advanced' ? taken : UNHEARD;
}

// A snapshot arrives as JSON; code that was written for XState calls `matches` and `hasTag` on it.
// They are not enumerable, so that a context that keeps the snapshot still survives JSON.
function withSnapshotMethods(event: EventObject): EventObject {
  const snapshot: unknown = Reflect.get(event, 'snapshot');
  if (snapshot === null || typeof snapshot !== 'object' || !('value' in snapshot)) return event;
  const { value, tags } = snapshot as { value: StateValue; tags?: readonly string[] };
  const asked = Object.defineProperties(
    { ...snapshot },
    {
      matches: { value: (pattern: StateValue) => matchesState(pattern, value) },
      hasTag: { value: (tag: string) => tags?.includes(tag) === true },
    },
  );
  return Object.assign({}, event, { snapshot: asked });
}
