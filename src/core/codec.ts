/**
 * A saga's state as stored text and back. What is read back is checked before XState sees it,
 * because `restoreSnapshot` accepts nonsense.
 */
import type { SagaDefinition } from './definition.ts';
import { BackstepError } from './errors.ts';
import { type PersistedMachine, persistMachine } from './persisted-machine.ts';
import { restoreMachine } from './scope.ts';
import type { SagaState } from './state.ts';
import { SAGA_STATUSES } from './status.ts';
import { isUnstarted, WAITING_ROOM } from './waiting-room.ts';

/** Parts that most sagas lack; they are stored only where they say something. */
type RarePart = 'parent' | 'early' | 'resolution';

/** The stored form; `steps` stands at the top level because the view `saga_steps` reads it. */
export type StoredState = Omit<SagaState, 'snapshot' | 'id' | RarePart> &
  Partial<Pick<SagaState, RarePart>> & {
    readonly machine: PersistedMachine;
    /** The machine is the waiting room, not the saga's own. */
    readonly isUnstarted?: true;
  };

type Stored = { [Part in keyof Required<StoredState>]: StoredState[Part] | undefined };

/** The text of a state. */
export function encodeState(state: SagaState): string {
  const { seq, status, live, steps, failureReason, seenEvents, parkReason } = state;
  const { snapshot, parent, early, resolution } = state;
  // Every member named, once and in one order: what is undefined is left out by JSON.
  const stored: Stored = {
    seq,
    status,
    live,
    steps,
    failureReason,
    seenEvents,
    parkReason,
    isUnstarted: isUnstarted(state) ? true : undefined,
    parent: parent ?? undefined,
    early: early.length === 0 ? undefined : early,
    resolution: resolution ?? undefined,
    machine: persistMachine(snapshot),
  };
  return JSON.stringify(stored);
}

/** The state of a text. Throws `state-unreadable` when it is damaged or the machine lacks it. */
export function decodeState(definition: SagaDefinition, id: string, text: string): SagaState {
  return restoreStored(definition, id, parseStored(id, text));
}

/** The state of the stored parts. Throws `state-unreadable` when the machine lacks it. */
export function restoreStored(
  definition: SagaDefinition,
  id: string,
  { machine: persisted, isUnstarted: isWaiting, ...rest }: StoredState,
): SagaState {
  const { parent = null, early = [], resolution = null } = rest;
  const machine = isWaiting === true ? WAITING_ROOM : definition.machine;
  const self = { id, parentId: parent?.sagaId ?? null };
  const snapshot = restoreMachine(machine, self, persisted, rest.live.activities);
  return { ...rest, id, parent, early, resolution, snapshot };
}

/** The parts of a stored text. Throws `state-unreadable` when one is missing or unknown. */
export function parseStored(id: string, text: string): StoredState {
  const unreadable = (why: string, cause?: unknown): BackstepError =>
    new BackstepError('state-unreadable', `saga ${id}: stored state ${why}`, { cause });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw unreadable('is not JSON', cause);
  }
  if (!isStoredState(value)) throw unreadable('lacks a part that every state has');
  if (!SAGA_STATUSES.includes(value.status)) throw unreadable(`has unknown status ${value.status}`);
  const { machine } = value;
  if (!['active', 'done', 'error'].includes(machine.status)) {
    throw unreadable(`has unknown machine status ${machine.status}`);
  }
  return value;
}

function isStoredState(value: unknown): value is StoredState {
  if (!isObject(value) || !isObject(value['machine']) || !isObject(value['live'])) return false;
  const { machine, live } = value;
  return (
    Number.isInteger(value['seq']) &&
    Array.isArray(value['steps']) &&
    Array.isArray(value['seenEvents']) &&
    isObject(live['activities']) &&
    isObject(live['timers']) &&
    isObject(machine['context']) &&
    machine['value'] !== undefined
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
