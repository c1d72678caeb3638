/** Which events a machine emits, as far as its drawing says. */
import type { AnyStateMachine } from 'xstate';
import { actionsOf, isBuiltIn, nodesOf, readFields } from './machine-nodes.ts';

/** The types of the events it can emit; `null`: some are worked out only when it does. */
export function emittedTypes(machine: AnyStateMachine): ReadonlySet<string> | null {
  const types = new Set<string>();
  for (const node of nodesOf(machine)) {
    for (const { resolved } of actionsOf(machine, node)) {
      if (!isBuiltIn(resolved)) continue;
      if (resolved.type === 'xstate.enqueueActions') return null;
      if (resolved.type !== 'xstate.emit') continue;
      const { type } = readFields(readFields(resolved)['event']);
      if (typeof type !== 'string') return null;
      types.add(type);
    }
  }
  return types;
}
