/**
 * Where a saga waits that was accepted but has not begun: for its time, or for a place among the
 * sagas of its type. A machine of its own stands in for the saga's, so that every turn, command and
 * record works as for any saga; the saga's own machine is entered when the wait is over.
 *
 * Pure. Invariant: nothing of the saga's own machine has run while it waits here.
 */
import { createMachine, type EventObject } from 'xstate';
import type { StartHold } from './inbound.ts';
import type { Command } from '../machine/macrostep/scope.ts';
import type { SagaState } from '../state.ts';

/** The timer of a saga that waits for its time. */
export const START_TIMER = 'backstep.start';
/** The event that a place is free. */
export const ADMIT_EVENT = 'backstep.admit';

interface Visitor {
  /** Parsed input of the saga. */
  readonly input: unknown;
  readonly hold: StartHold;
}

/** Shown as the saga's state: `scheduled`, `queued`, and `cancelled` for one that never began. */
export const WAITING_ROOM = createMachine({
  types: {} as { context: Visitor; input: Visitor; events: EventObject },
  id: 'backstep-waiting-room',
  context: ({ input }) => input,
  initial: 'arriving',
  on: { 'backstep.cancel': '.cancelled' },
  states: {
    arriving: {
      always: [
        { guard: ({ context }) => context.hold.startAtMs !== null, target: 'scheduled' },
        { target: 'queued' },
      ],
    },
    scheduled: { tags: ['waiting'], on: { [START_TIMER]: 'queued' } },
    queued: { tags: ['waiting'] },
    cancelled: { type: 'final', tags: ['compensated'] },
  },
});

/** How a saga that has not begun waits; `null` for any other, and for one that is over. */
export type PendingStart =
  { readonly kind: 'scheduled'; readonly startAtMs: number } | { readonly kind: 'queued' };

/** True while the saga's own machine was not entered. */
export function isUnstarted({ snapshot }: Pick<SagaState, 'snapshot'>): boolean {
  return snapshot.machine === WAITING_ROOM;
}

/** What the saga waits for before it begins. */
export function pendingStartOf(state: SagaState): PendingStart | null {
  if (!isUnstarted(state) || state.snapshot.status !== 'active') return null;
  if (state.status === 'terminated') return null;
  // A queued start that needs a person first gives its place up.
  if (state.snapshot.value === 'queued') {
    return state.status === 'waiting' ? { kind: 'queued' } : null;
  }
  return { kind: 'scheduled', startAtMs: visitorOf(state).hold.startAtMs ?? 0 };
}

/** Where a stored text stands in its start; `null`: it cannot be made out. */
export function storedPlaceOf(text: string): 'scheduled' | 'queued' | 'begun' | null {
  try {
    const { isUnstarted: isWaiting, machine } = JSON.parse(text) as Partial<StoredPlace>;
    if (machine?.value === undefined) return null;
    if (isWaiting !== true) return 'begun';
    return machine.value === 'queued' ? 'queued' : 'scheduled';
  } catch {
    return null;
  }
}

/** As much of a stored state as one that is damaged may still have. */
interface StoredPlace {
  readonly isUnstarted: boolean;
  readonly machine: { readonly value?: unknown } | null;
}

/** The input of a saga that has not begun. */
export function waitingInputOf(state: SagaState): unknown {
  return visitorOf(state).input;
}

/** True when, by what was known at its acceptance, it has to wait for a place once it is time. */
export function isLimited(state: SagaState): boolean {
  return visitorOf(state).hold.isLimited;
}

/** Arms the start of a saga that waits for its time; nothing for one that waits for a place. */
export function startDelay({ startAtMs }: StartHold, nowMs: number): readonly Command[] {
  if (startAtMs === null) return [];
  const event = { type: START_TIMER };
  return [{ kind: 'delay', id: START_TIMER, delayMs: Math.max(0, startAtMs - nowMs), event }];
}

function visitorOf({ snapshot }: SagaState): Visitor {
  return snapshot.context as Visitor;
}
