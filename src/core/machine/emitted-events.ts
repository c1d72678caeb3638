/**
 * Which events a machine emits, as far as its drawing says: an event that is made at run time has
 * no type before.
 *
 * Pure. Must never call what makes an event: that is user code, with nothing to give it.
 */
import type { AnyStateMachine } from 'xstate';
import { actionsOf, isBuiltIn, nodesOf, readFields } from './machine-nodes.ts';

/** What is known before anything runs. */
export interface EmittedEvents {
  /** Types that stand in the drawing. */
  readonly types: readonly string[];
  /** Names of the actions that emit an event made at run time. */
  readonly madeBy: readonly string[];
  /** True when an action decides at run time whether it emits, and what. */
  readonly isOpen: boolean;
}

/** What the machine emits. */
export function emittedEvents(machine: AnyStateMachine): EmittedEvents {
  const types = new Set<string>();
  const madeBy = new Set<string>();
  let isOpen = false;
  for (const node of nodesOf(machine)) {
    for (const { name, resolved } of actionsOf(machine, node)) {
      if (!isBuiltIn(resolved)) continue;
      if (resolved.type === 'xstate.enqueueActions') isOpen = true;
      if (resolved.type !== 'xstate.emit') continue;
      const { event } = readFields(resolved);
      const { type } = readFields(event);
      if (typeof event !== 'function' && typeof type === 'string') types.add(type);
      else madeBy.add(name === 'emit' ? `state ${node.id}` : name);
    }
  }
  return { types: [...types], madeBy: [...madeBy], isOpen };
}
