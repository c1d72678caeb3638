/**
 * What a saga would accept now: commands and events, for people and for 409 answers.
 */
import { COMMAND_NAMES, type CommandName } from './inbound.ts';
import { acceptedEvents, activeNodes, canTakeEvent } from '../machine/macrostep/scope.ts';
import type { AnyStateNode, EventObject } from 'xstate';
import { hasLiveActivity, isOver, isStill, type SagaState } from '../state.ts';
import { moveIn } from './kept-text/moved.ts';
import { isUnstarted, pendingStartOf } from './waiting-room.ts';

/** Commands that are the machine's to take, as the events it gets. */
export const COMMAND_EVENTS = {
  cancel: 'backstep.cancel',
  retry: 'backstep.retry',
  skip: 'backstep.skip',
  compensate: 'backstep.compensate',
  'accept-partial': 'backstep.accept-partial',
} as const;

/** The commands that are legal in this state, in the order a person is offered them. */
export function legalCommands(state: SagaState): readonly CommandName[] {
  return COMMAND_NAMES.filter((name) => isLegal(state, name));
}

/** True when the command is legal in this state. */
export function isLegal(state: SagaState, name: CommandName): boolean {
  if (isOver(state) || moveIn(state.parkReason) !== null) return false;
  switch (name) {
    case 'terminate':
      return true;
    case 'pause':
      return isMoving(state) && !hasUnrepeatable(state) && pendingStartOf(state)?.kind !== 'queued';
    case 'resume':
      return state.status === 'paused';
    case 'edit-context':
      return EDITABLE.has(state.status) && isRunnable(state) && !isUnstarted(state);
    case 'retry':
      if (state.status === 'parked') return isRunnable(state);
      return state.status !== 'paused' && isTaken(state, name);
    case 'accept-partial':
      // A machine that has ended by itself takes no command: the engine settles the saga.
      if (hasEndedUnsettled(state)) return true;
      // Accepted while an attempt runs, it would leave that attempt to itself.
      return !isStill(state) && !hasLiveActivity(state.live) && isTaken(state, name);
    case 'skip':
      return !isStill(state) && isTaken(state, name);
    case 'cancel':
    case 'compensate':
      // A parked saga turns back from where it stood.
      return state.status !== 'paused' && isTaken(state, name);
  }
}

/** True when the machine answers both commands alike here: a person is offered only one of them. */
export function areAlike(
  { snapshot }: SagaState,
  one: keyof typeof COMMAND_EVENTS,
  other: keyof typeof COMMAND_EVENTS,
): boolean {
  return activeNodes(snapshot).every((node) => {
    const ways = waysFor(node, one);
    const others = waysFor(node, other);
    return (
      ways.length === others.length && ways.every((way, index) => isSameWay(way, others[index]))
    );
  });
}

interface Way {
  readonly target: readonly AnyStateNode[] | undefined;
  readonly guard?: unknown;
  readonly actions: readonly unknown[];
}

function waysFor(node: AnyStateNode, name: keyof typeof COMMAND_EVENTS): readonly Way[] {
  return node.transitions.get(COMMAND_EVENTS[name]) ?? [];
}

function isSameWay(way: Way, other: Way | undefined): boolean {
  if (other === undefined || way.guard !== other.guard) return false;
  return isSameList(way.target ?? [], other.target ?? []) && isSameList(way.actions, other.actions);
}

function isSameList(list: readonly unknown[], other: readonly unknown[]): boolean {
  return list.length === other.length && list.every((item, index) => item === other[index]);
}

/** Event types from outside that the machine accepts now. */
export function legalEvents(state: SagaState): readonly string[] {
  if (isOver(state) || moveIn(state.parkReason) !== null) return [];
  if (state.snapshot.status !== 'active') return [];
  return acceptedEvents(state.snapshot).filter((type) => !isReserved(type));
}

/** True when the machine has a transition for the event; one that has ended has none. */
export function canTake({ snapshot }: SagaState, event: EventObject): boolean {
  return snapshot.status === 'active' && canTakeEvent(snapshot, event);
}

/** True for the types that only the engine may use. */
export function isReserved(type: string): boolean {
  if (type === ROUTE_EVENT) return false;
  return type.startsWith('xstate.') || type.startsWith('backstep.');
}

/** XState's own event that anybody may send: it leads to the state with a `route` that it names. */
const ROUTE_EVENT = 'xstate.route';

/** Where the data of a saga stands still enough to be edited by a person. */
const EDITABLE: ReadonlySet<SagaState['status']> = new Set([
  'waiting',
  'paused',
  'compensation_failed',
  'failed',
  'parked',
]);

function isMoving({ status }: SagaState): boolean {
  return status === 'running' || status === 'waiting' || status === 'compensating';
}

// An activity that must not be repeated: resuming would have to start it a second time.
function hasUnrepeatable({ live }: SagaState): boolean {
  return Object.values(live.activities).some(({ isOnce }) => isOnce === true);
}

// A machine that ended in error has nowhere to go on from.
function isRunnable({ snapshot }: SagaState): boolean {
  return snapshot.status === 'active';
}

/** True where a machine has come to its end, and a person has to say that it may rest so. */
export function hasEndedUnsettled({ snapshot, status }: SagaState): boolean {
  return snapshot.status === 'done' && (status === 'compensation_failed' || status === 'failed');
}

// A guard that throws lets nothing pass; the saga may be parked for just that.
function isTaken(state: SagaState, name: keyof typeof COMMAND_EVENTS): boolean {
  try {
    return canTake(state, { type: COMMAND_EVENTS[name] });
  } catch {
    return false;
  }
}
