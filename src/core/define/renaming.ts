/**
 * A compiled saga whose steps have new names: where it stands, and what the machine keeps in the
 * context for itself, goes along. Results are the migration's own matter; they may have another
 * shape as well.
 */
import type { AnyStateMachine, AnyStateNode, StateValue } from 'xstate';
import { readFields } from '../machine/machine-nodes.ts';
import type { SagaContext } from './saga-context.ts';

/** The context as it was for a machine that was not compiled. `names`: new ones by old. */
export function renamedContext(
  machine: AnyStateMachine,
  context: Readonly<Record<string, unknown>>,
  names: ReadonlyMap<string, string>,
): Readonly<Record<string, unknown>> {
  if (!isRenamed(machine, names)) return context;
  const { owed, tries, rounds } = context as Partial<SagaContext>;
  const nameOf = (name: string): string => names.get(name) ?? name;
  const byNewName = (members: object): object =>
    Object.fromEntries(Object.entries(members).map(([name, each]) => [nameOf(name), each]));
  return {
    ...context,
    ...(owed === undefined ? {} : { owed: owed.map(nameOf) }),
    ...(tries === undefined ? {} : { tries: byNewName(tries) }),
    ...(rounds === undefined ? {} : { rounds: byNewName(rounds) }),
  };
}

/** The place of a compiled saga, whose states are called like what they run; any other as it was. */
export function renamedPlace(
  machine: AnyStateMachine,
  value: StateValue,
  names: ReadonlyMap<string, string>,
): StateValue {
  return isRenamed(machine, names) ? placeUnder(machine.root, value, names) : value;
}

// A branch may be called like the step in it: a name is new only where the machine has a state of it.
function placeUnder(
  node: AnyStateNode | undefined,
  value: StateValue,
  names: ReadonlyMap<string, string>,
): StateValue {
  const keyOf = (old: string): string => {
    const name = names.get(old);
    return name !== undefined && node?.states[name] !== undefined ? name : old;
  };
  if (typeof value === 'string') return keyOf(value);
  const inner = Object.entries(value).map(([old, each]) => {
    const key = keyOf(old);
    return [key, each === undefined ? each : placeUnder(node?.states[key], each, names)] as const;
  });
  return Object.fromEntries(inner);
}

function isRenamed(machine: AnyStateMachine, names: ReadonlyMap<string, string>): boolean {
  return names.size > 0 && readFields(machine.root.meta)['builder'] !== undefined;
}
