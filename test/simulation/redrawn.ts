/**
 * Sagas with a mistake drawn into them, as their author or the compiler might have made it.
 */
import { createMachine } from 'xstate';
import { onboardingSaga } from '../../machines/onboarding.ts';
import { orderSaga } from '../../machines/order.ts';
import { durable, type SagaDefinition } from '../../src/core/definition.ts';

type Drawing = Readonly<Record<string, unknown>>;

/** Picks the first owed step for compensation instead of the last one. */
export function forwardOrder(): SagaDefinition {
  const { machine, input } = orderSaga;
  const isFirstOwed = (
    { context }: { readonly context: { readonly owed: readonly string[] } },
    { steps }: { readonly steps: readonly string[] },
  ): boolean => steps.includes(context.owed[0] ?? '');
  const implementations = {
    ...machine.implementations,
    guards: { ...machine.implementations.guards, isNextOwed: isFirstOwed },
  };
  const options = input === null ? {} : { input };
  const drawn = createMachine(drawing(machine.config), implementations as never);
  return durable(drawn, options);
}

/** Ends as if compensated when the first step's compensation has no attempt left. */
export function shrugsOffFailedCompensation(): SagaDefinition {
  const settled = { target: '#order.compensated' };
  const path = ['compensating', 'releaseInventory', 'running'];
  return redrawn(orderSaga, path, ({ invoke, after, ...rest }) => {
    const giveUp = (exits: unknown): unknown[] => [...list(exits).slice(0, -1), settled];
    const { onError, ...call } = drawing(invoke);
    const delays = Object.entries(drawing(after)).map(([name, exits]) => [name, giveUp(exits)]);
    return {
      ...rest,
      invoke: { ...call, onError: giveUp(onError) },
      after: Object.fromEntries(delays) as Drawing,
    };
  });
}

/** The same saga, not held to its ledger. */
export function unheld(definition: SagaDefinition): SagaDefinition {
  return { ...definition, speaksOfSteps: false };
}

/** The onboarding saga takes an account back without waiting for the child that opens it. */
export function takesBackTooEarly(): SagaDefinition {
  const path = ['compensating', 'withdrawAccount'];
  return redrawn(onboardingSaga, path, (state) => ({ ...state, initial: 'running' }));
}

/** A saga with one of its states changed. */
function redrawn(
  { machine, input, children }: SagaDefinition,
  path: readonly string[],
  change: (state: Drawing) => Drawing,
): SagaDefinition {
  const config = changed(drawing(machine.config), path, change);
  const options = input === null ? { children } : { input, children };
  return durable(createMachine(config, machine.implementations), options);
}

function changed(
  state: Drawing,
  [name, ...deeper]: readonly string[],
  change: (state: Drawing) => Drawing,
): Drawing {
  if (name === undefined) return change(state);
  const states = drawing(state['states']);
  const below = changed(drawing(states[name]), deeper, change);
  return { ...state, states: { ...states, [name]: below } };
}

/** A part of a drawing; the config of a machine is a tree of plain objects. */
function drawing(part: unknown): Drawing {
  return part as Drawing;
}

/** Transitions that stand in a list, the first fitting one wins. */
function list(part: unknown): readonly unknown[] {
  return Array.isArray(part) ? part : [];
}
