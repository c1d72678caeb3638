/**
 * The strict form of a compiled saga's machine: its mappers cannot change what they are given.
 *
 * For tests and `verify`; see define/user-code.ts for why a running engine goes without.
 */
import type { AnyStateMachine } from 'xstate';
import type { SagaDefinition } from '../define/definition.ts';

const makers = new WeakMap<AnyStateMachine, () => AnyStateMachine>();
/** Each made once, as what is worked out of a machine is kept with it. */
const made = new WeakMap<AnyStateMachine, AnyStateMachine>();

/** Says how the strict form of a machine is made. */
export function noteStrict(machine: AnyStateMachine, make: () => AnyStateMachine): void {
  makers.set(machine, make);
}

/** The same saga on its strict machine; itself where there is none, as for a hand-written one. */
export function strictly<Definition extends Pick<SagaDefinition, 'machine'>>(
  definition: Definition,
): Definition {
  const strict = made.get(definition.machine) ?? makers.get(definition.machine)?.();
  if (strict === undefined) return definition;
  made.set(definition.machine, strict);
  return { ...definition, machine: strict };
}
