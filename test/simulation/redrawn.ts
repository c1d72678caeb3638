/**
 * Sagas with a mistake drawn into them, as their author or the compiler might have made it.
 */
import { type AnyStateMachine, assign, createMachine } from 'xstate';
import type { SagaDefinition } from '../../src/core/define/definition.ts';
import { durable } from '../../src/core/define/durable.ts';
import { isOwed, type Ledger } from '../../src/core/turn/ledger.ts';
import type { StepEntry } from '../../src/core/state.ts';

type Drawing = Readonly<Record<string, unknown>>;

/** Picks the first owed step for compensation instead of the last one. */
export function forwardOrder({ machine, input }: SagaDefinition): SagaDefinition {
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

/** The order saga ends as if compensated when its first step's compensation has no attempt left. */
export function shrugsOffFailedCompensation(order: SagaDefinition): SagaDefinition {
  const settled = { target: '#order.compensated' };
  const path = ['compensating', 'releaseInventory', 'running'];
  return redrawn(order, path, ({ invoke, after, ...rest }) => {
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
export function takesBackTooEarly(onboarding: SagaDefinition): SagaDefinition {
  const path = ['compensating', 'withdrawAccount'];
  return redrawn(onboarding, path, (state) => ({ ...state, initial: 'running' }));
}

/** Gives every compensation what the present round has brought, whichever round it undoes. */
export function inPresentRound(definition: SagaDefinition): SagaDefinition {
  const { machine, waysBack } = definition;
  const config = everywhere(drawing(machine.config), (state) => {
    const { compensates } = drawing(state['meta'] ?? {});
    const way = typeof compensates === 'string' ? waysBack.get(compensates) : undefined;
    const call = drawing(state['invoke'] ?? {});
    if (way === undefined || call['input'] === undefined) return state;
    const input = ({ context }: { readonly context: Drawing }): unknown => {
      const round = way.loop === null ? 1 : drawing(context['rounds'])[way.loop.name];
      return way.input({ ...context, round } as never);
    };
    return { ...state, invoke: { ...call, input } };
  });
  return withConfig(definition, config);
}

function withConfig(definition: SagaDefinition, config: Drawing): SagaDefinition {
  return { ...definition, machine: createMachine(config, definition.machine.implementations) };
}

/** Takes what failed for what is owed, whether it may have happened or not. */
export function owesWhatFailed(definition: SagaDefinition): SagaDefinition {
  return withActions(definition, {
    readLedger: readsLedger((entry) => entry.status === 'failed' || isOwed(entry)),
  });
}

/** Keeps each event that is waited for as what that step has brought. */
export function keepsEventsAs(definition: SagaDefinition, step: string): SagaDefinition {
  const keepEvent = assign(({ context, event }) => ({
    results: { ...drawing(drawing(context)['results']), [step]: { kind: 'event', event } },
  }));
  return withActions(definition, { keepEvent });
}

/** Finds nothing owed, whatever was done. */
export function forgetsWhatIsOwed(definition: SagaDefinition): SagaDefinition {
  return withActions(definition, { readLedger: assign({ owed: [], hasGivenUp: false }) });
}

/** Takes a child without an output, as a person leaves one, for one that failed for certain. */
export function takesSettledForFailed(definition: SagaDefinition): SagaDefinition {
  const { id, machine, children } = definition;
  const config = everywhere(drawing(machine.config), (state) => {
    const call = drawing(state['invoke'] ?? {});
    if (!Object.hasOwn(children, String(call['src']))) return state;
    const hasNoOutput = ({ event }: { readonly event: Drawing }): boolean =>
      event['output'] === null;
    const back = { guard: hasNoOutput, target: `#${id}.compensating`, actions: ['turnBack'] };
    return { ...state, invoke: { ...call, onDone: [back, call['onDone']] } };
  });
  const isOfChild = ({ childId }: StepEntry): boolean => childId !== undefined;
  return withActions(withConfig(definition, config), {
    readLedger: readsLedger((entry) => isOwed(entry) && !isOfChild(entry)),
  });
}

function readsLedger(isMeant: (entry: StepEntry) => boolean) {
  return assign(({ self }: { readonly self: object }) => {
    const steps = 'ledger' in self ? (self.ledger as Ledger)() : [];
    return { owed: steps.filter(isMeant).map(({ name }) => name), hasGivenUp: false };
  });
}

function withActions(
  definition: SagaDefinition,
  actions: Readonly<Record<string, unknown>>,
): SagaDefinition {
  const { machine } = definition;
  const provided = machine.provide({ actions } as Parameters<AnyStateMachine['provide']>[0]);
  return { ...definition, machine: provided };
}

/** A saga with one of its states changed. */
function redrawn(
  { machine, input, children }: SagaDefinition,
  path: readonly string[],
  change: (state: Drawing) => Drawing,
): SagaDefinition {
  const config = changed(drawing(machine.config), path, change);
  const options = input === null ? { children } : { input, children };
  const changedMachine: AnyStateMachine = createMachine(config, machine.implementations);
  return durable(changedMachine, options);
}

function everywhere(state: Drawing, change: (state: Drawing) => Drawing): Drawing {
  const below = Object.entries(drawing(state['states'] ?? {}));
  const states = below.map(([name, each]) => [name, everywhere(drawing(each), change)]);
  return change(below.length === 0 ? state : { ...state, states: Object.fromEntries(states) });
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
