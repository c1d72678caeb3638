/**
 * A machine made fit to run as a saga: every actor named, machines inside it turned into sagas of
 * their own, bounds set; or refused, with all that is wrong.
 *
 * Invariant: the machine that was given is left as it was; a live actor of it runs as before.
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { activity, isStandIn } from '../activity.ts';
import { BackstepError } from '../errors.ts';
import { isMachine } from '../machine/actors/actor-kinds.ts';
import { noteActors } from '../machine/actors/actor-facts.ts';
import { actorRefusals, refusal, refusalsOf } from '../machine/machine-check.ts';
import { namedGuards } from '../machine/machine-code.ts';
import { wholeDelays } from '../machine/machine-delays.ts';
import { nodesOf, readFields, spawnsOf } from '../machine/machine-nodes.ts';
import { readInvokes, UNWIND_CHILD } from '../machine/machine-roles.ts';
import { provided } from '../machine/macrostep/microstep-bound.ts';
import { withNamedActors } from '../machine/actors/named-actors.ts';
import { otherXState } from '../machine/xstate-copy.ts';
import type { SagaDefinition } from './definition.ts';

/** What runs, and what it runs beside itself. */
export interface Runnable {
  readonly machine: AnyStateMachine;
  readonly children: Readonly<Record<string, SagaDefinition>>;
  readonly ownChildren: readonly SagaDefinition[];
  readonly own: ReadonlyMap<string, unknown>;
}

type Children = Readonly<Record<string, SagaDefinition>>;
type Actors = Readonly<Record<string, unknown>>;

/**
 * Throws `definition-invalid` with everything that keeps the machine from running durably.
 *
 * @param id of the saga
 * @param given sagas for some of the names that the machine invokes
 * @param define makes a machine inside the machine a saga
 * @param within the machines around this one
 */
export function runnable(
  drawn: AnyStateMachine,
  id: string,
  given: Children,
  define: (machine: AnyStateMachine, name: string) => SagaDefinition,
  within: readonly AnyStateMachine[],
): Runnable {
  const other = otherXState(drawn);
  if (other !== null) throw refusal(id, [other]);
  const refusals: string[] = [];
  const named = withNamedActors(drawn);
  if (id === UNNAMED) refusals.push('the machine has no id; give it one, or durable an id option');
  const actors = named.implementations.actors as Actors;
  const inside = Object.entries(actors).filter(([name]) => !Object.hasOwn(given, name));
  refusals.push(...actorRefusals(Object.fromEntries(inside)));
  const own: Record<string, SagaDefinition> = {};
  for (const [name, logic] of inside) {
    if (!isMachine(logic)) continue;
    if (logic === drawn || within.includes(logic)) {
      refusals.push(`it starts itself as "${name}", without end; start another saga there`);
      continue;
    }
    collect(refusals, () => (own[name] = define(logic, name)));
  }
  const children = { ...own, ...given };
  refusals.push(...refusalsOf(named));
  collect(refusals, () => readInvokes(named));
  const machine = collect(refusals, () => withStandIns(named, Object.keys(children)));
  if (machine !== undefined) refusals.push(...changedLater(drawn, machine));
  if (machine === undefined || refusals.length > 0) throw refusal(id, refusals);
  noteActors(machine, Object.entries(actors), Object.keys(children));
  return { machine, children, ownChildren: Object.values(own), own: ownLogic(inside) };
}

/** The id of a machine that was given none. */
const UNNAMED = '(machine)';

function collect<T>(refusals: string[], look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (!(error instanceof BackstepError)) throw error;
    refusals.push(error.message);
    return undefined;
  }
}

// What runs is made of the config once more: what was done to the machine itself is not in it.
function changedLater(drawn: AnyStateMachine, made: AnyStateMachine): readonly string[] {
  const heardIn = (node: AnyStateNode): string => [...node.transitions.keys()].toSorted().join(' ');
  const heard = new Map(nodesOf(made).map((node) => [node.id, heardIn(node)]));
  return nodesOf(drawn)
    .filter((node) => heard.get(node.id) !== heardIn(node))
    .map(
      ({ id }) =>
        `state "${id}" takes other events than its config says; ` +
        'change the config before the machine is made of it',
    );
}

// A child runs as a durable saga of its own, and what has no logic is bound at registration: inside
// the machine both are but activities that answer.
function withStandIns(named: AnyStateMachine, children: readonly string[]): AnyStateMachine {
  const known = named.implementations.actors as Actors;
  const unknown = startedIn(named).filter((src) => !Object.hasOwn(known, src));
  const standIns = [...children, ...unknown].map((name) => [name, activity()] as const);
  return provided(named, {
    actors: Object.fromEntries(standIns),
    delays: wholeDelays(named),
    // A compiled machine asks guards of ours, and mappers that name themselves.
    guards: isBuiltMachine(named) ? {} : namedGuards(named),
  });
}

function startedIn(machine: AnyStateMachine): readonly string[] {
  const names = nodesOf(machine).flatMap((node) => [
    ...node.invoke.map(({ src }): unknown => src),
    ...spawnsOf(node, machine).map(({ src }) => src),
  ]);
  const texts = names.filter((name) => typeof name === 'string');
  return [...new Set(texts)].filter((name) => name !== UNWIND_CHILD);
}

function ownLogic(actors: readonly (readonly [string, unknown])[]): ReadonlyMap<string, unknown> {
  return new Map(actors.filter(([, logic]) => !isMachine(logic) && !isStandIn(logic)));
}

/** True for a machine that the builder compiled. */
export function isBuiltMachine({ config }: Pick<AnyStateMachine, 'config'>): boolean {
  return readFields(config.meta)['builder'] !== undefined;
}
