/**
 * The machine's part of a saga's stored state.
 *
 * Invariant: what `persistMachine` gives survives JSON, and `restoreMachine` of scope.ts takes it.
 */
import type { AnyMachineSnapshot, StateValue } from 'xstate';

/** The machine's part of a snapshot, fit for JSON. Invoked children are rebuilt from `Live`. */
export interface PersistedMachine {
  readonly status: 'active' | 'done' | 'error';
  readonly value: StateValue;
  readonly context: unknown;
  readonly historyValue?: unknown;
  readonly output?: unknown;
  readonly error?: unknown;
}

/** An invoked activity as XState must see it after a restore. */
export interface PersistedChild {
  readonly src: string;
  readonly input: unknown;
}

/** The persisted form. Cheaper than XState's own: activities are not persisted twice. */
export function persistMachine(snapshot: AnyMachineSnapshot): PersistedMachine {
  const history = persistHistory(snapshot.historyValue);
  return {
    status: snapshot.status === 'stopped' ? 'done' : snapshot.status,
    value: snapshot.value as StateValue,
    context: snapshot.context as unknown,
    ...(history === null ? {} : { historyValue: history }),
    ...(snapshot.output === undefined ? {} : { output: snapshot.output }),
    ...(snapshot.error === undefined ? {} : { error: snapshot.error }),
  };
}

function persistHistory(history: AnyMachineSnapshot['historyValue']): unknown {
  const entries = Object.entries(history ?? {});
  if (entries.length === 0) return null;
  return Object.fromEntries(
    entries.map(([id, nodes]) => [id, nodes.map((node: { id: string }) => ({ id: node.id }))]),
  );
}
