/**
 * The context of a compiled saga whose steps have new names: what the machine keeps there for
 * itself goes along. Results are the migration's own matter; they may have another shape as well.
 */
import type { AnyStateMachine } from 'xstate';
import { readFields } from '../machine/machine-nodes.ts';
import type { SagaContext } from './saga-context.ts';

/** The context as it was for a machine that was not compiled. `names`: new ones by old. */
export function renamedContext(
  machine: AnyStateMachine,
  context: Readonly<Record<string, unknown>>,
  names: ReadonlyMap<string, string>,
): Readonly<Record<string, unknown>> {
  if (names.size === 0 || readFields(machine.root.meta)['builder'] === undefined) return context;
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
