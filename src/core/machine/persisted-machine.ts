/**
 * The machine's part of a saga's stored state.
 *
 * Invariant: what `persistMachine` gives survives JSON, and `restoreMachine` of scope.ts takes it.
 */
import type { AnyMachineSnapshot, StateValue } from 'xstate';
import type { ActorParts } from './actors/actor-ref.ts';

/** The machine's part of a snapshot, fit for JSON. Invoked children are rebuilt from `Live`. */
export interface PersistedMachine {
  readonly status: 'active' | 'done' | 'error';
  readonly value: StateValue;
  readonly context: unknown;
  readonly historyValue?: unknown;
  readonly output?: unknown;
  readonly error?: unknown;
  /** Actors that the host does not run, and what else is to know of those that it runs; by id. */
  readonly children?: Readonly<Record<string, StoredActor>>;
}

/** An actor of the machine as it is stored. */
type StoredActor = Omit<ActorParts, 'id' | 'input'>;

/** An invoked activity as XState must see it after a restore. */
export interface PersistedChild {
  readonly src: string;
  readonly input: unknown;
}

/**
 * The persisted form. Smaller than XState's own: what the host runs stands in `Live` already.
 *
 * @param live actors that the host runs, by id
 */
export function persistMachine(
  snapshot: AnyMachineSnapshot,
  live: Readonly<Record<string, unknown>>,
): PersistedMachine {
  const history = persistHistory(snapshot.historyValue);
  const children = persistActors(snapshot, live);
  return {
    status: snapshot.status === 'stopped' ? 'done' : snapshot.status,
    value: snapshot.value as StateValue,
    context: snapshot.context as unknown,
    ...(history === null ? {} : { historyValue: history }),
    ...(children === null ? {} : { children }),
    ...(snapshot.output === undefined ? {} : { output: snapshot.output }),
    ...(snapshot.error === undefined ? {} : { error: snapshot.error }),
  };
}

// Of an actor that runs as an activity all but its system id stands in `Live`. One that has ended
// is stored all the same: XState drops what is sent to an actor that has ended, but an event for an
// id that it does not know is an error.
function persistActors(
  snapshot: AnyMachineSnapshot,
  live: Readonly<Record<string, unknown>>,
): Readonly<Record<string, StoredActor>> | null {
  if (snapshot.status !== 'active') return null;
  const children = snapshot.children as Readonly<Record<string, ActorParts>>;
  let stored: Record<string, StoredActor> | null = null;
  for (const id in children) {
    const child = children[id];
    if (child === undefined) continue;
    const { src, systemId, isSynced, state } = child;
    if (live[id] !== undefined && systemId === undefined && isSynced !== true) continue;
    stored ??= {};
    stored[id] = { src, systemId, isSynced: isSynced === true ? true : undefined, state };
  }
  return stored;
}

function persistHistory(history: AnyMachineSnapshot['historyValue']): unknown {
  const entries = Object.entries(history ?? {});
  if (entries.length === 0) return null;
  return Object.fromEntries(
    entries.map(([id, nodes]) => [id, nodes.map((node: { id: string }) => ({ id: node.id }))]),
  );
}
