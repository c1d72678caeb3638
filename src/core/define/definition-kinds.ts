/** What `durable`, `register` and others take for a machine and for a saga, and how they refuse the rest. */
import { isMachine } from '../machine/actors/actor-kinds.ts';
import { ANYTHING, type Kind, kindOf, listOf, mapOf, optionsOf } from '../options-reader.ts';
import { shown } from '../shown.ts';
import type { SagaDefinition } from './definition.ts';

const SAGA_TAKES = 'what .build() or durable(...) gives';

/** What `register`, `child` and the command line take for a saga. */
export const SAGA: Kind = {
  takes: SAGA_TAKES,
  faultOf: (value) => {
    if (isDefinition(value)) return null;
    const isDraft = isObject(value) && typeof value['build'] === 'function';
    if (isDraft) return { path: '', what: 'is a draft that is not built yet; call .build()' };
    const isBare = isObject(value) && 'root' in value && 'implementations' in value;
    if (isBare) return { path: '', what: 'is a bare machine; make it durable(machine)' };
    return { path: '', what: `is ${shown(value)}; give ${SAGA_TAKES}` };
  },
};

/** True for what `.build()` and `durable` give. */
export function isDefinition(value: unknown): value is SagaDefinition {
  return isObject(value) && 'machine' in value && value['invokes'] instanceof Map;
}

/** What `durable` takes. */
export const MACHINE: Kind = {
  takes: 'a machine of XState 5, as createMachine gives it',
  faultOf: (value) =>
    isMachine(value) ? null : { path: '', what: `is ${shown(value)}; give ${MACHINE.takes}` },
};

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object';
}

/** What the builder and `durable` take for `activities`, which only the types read. */
export const CONTRACT = kindOf(
  'an object that carries their types, such as {} as TripActivities',
  isObject,
);

/** What the builder and `durable` take for `examples`. */
export const EXAMPLES = optionsOf({
  input: ANYTHING,
  outputs: mapOf(listOf(ANYTHING, 'outputs'), 'lists of outputs by activity'),
  events: mapOf(listOf(ANYTHING, 'events'), 'lists of events by type'),
});
