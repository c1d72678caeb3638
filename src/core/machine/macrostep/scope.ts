/**
 * Beside the microstep-*.ts files the only one that touches what XState marks internal.
 *
 * It calls a machine's own `transition` with an actor scope of ours, which collects the commanded
 * actions instead of running them. The exported `transition()` would build a throw-away actor and
 * run the context factory again at every call, at twice the cost. xstate is pinned to an exact
 * version, and test/core/machine/macrostep/scope.test.ts fails when an upgrade changes the shape of
 * an action.
 *
 * Must never start an actor, a timer or an effect.
 */
import type {
  AnyMachineSnapshot,
  AnyStateMachine,
  AnyStateNode,
  EventObject,
  Snapshot,
} from 'xstate';
import {
  asUnstarted,
  type Command,
  type Receiver,
  type SelfSend,
  toInvoke,
} from './action-command.ts';
import { wayOfActor } from '../actors/actor-facts.ts';
import { ActorRef, listen } from '../actors/actor-ref.ts';
import { type ActorScope, createScope, lookingAt } from './actor-scope.ts';
import { BackstepError } from '../../errors.ts';
import { endlessCircle } from './microstep-bound.ts';
import { canStep } from './microstep-choice.ts';
import type { Identity, Macrostep, Self } from './macrostep.ts';
import { tableStart, tableStep } from './microstep-run.ts';
import { TableSelf } from './microstep-self.ts';
import { entryOfSnapshot, noteConfiguration, tableOf, tableRestore } from './microstep-table.ts';
import { OwnTurn, type Step } from './own-turn.ts';
import {
  type PersistedChild,
  type PersistedMachine,
  persistMachine,
} from '../persisted-machine.ts';

export type { Command } from './action-command.ts';

/** Takes the machine to its first stable state. Throws what a guard, mapper or assign throws. */
export function enterMachine(machine: AnyStateMachine, self: Self, input: unknown): Macrostep {
  const known = tableStart(machine, new TableSelf(self.id, self.ledger), input);
  if (known !== null) return known;
  const scope = createScope(machine, self, null);
  const snapshot = listen(scope.listener, () => machine.getInitialSnapshot(scope.xstate, input));
  // XState catches here; a saga must not.
  if (snapshot.status === 'error') throw explained(machine, snapshot.error, scope);
  return new OwnTurn(self, interpret).run(stepOf(null, snapshot, scope));
}

/** One macrostep. `snapshot` is the same object when nothing changed. Throws as `enterMachine`. */
export function stepMachine(
  snapshot: AnyMachineSnapshot,
  self: Self,
  event: EventObject,
): Macrostep {
  const known = tableStep(snapshot, new TableSelf(self.id, self.ledger), event);
  return known ?? new OwnTurn(self, interpret).run(interpret(snapshot, self, event));
}

/** What follows from an event that reaches another actor of the machine, as `stepMachine`. */
export function sendFrom(
  snapshot: AnyMachineSnapshot,
  self: Self,
  to: Receiver,
  event: EventObject,
): Macrostep {
  return new OwnTurn(self, interpret).run({ snapshot, deferred: [{ kind: 'send', to, event }] });
}

// XState's own way, for what the table of microsteps does not cover, and its oracle.
function interpret(given: AnyMachineSnapshot, self: Self, event: EventObject): Step {
  const machine: AnyStateMachine = given.machine;
  const scope = createScope(machine, self, given, event);
  try {
    const snapshot = listen(scope.listener, () => machine.transition(given, event, scope.xstate));
    return stepOf(given, snapshot, scope);
  } catch (error) {
    throw explained(machine, error, scope);
  }
}

// References in place of the actors that XState makes and nobody starts, and a command for each one
// that no action speaks of, as `spawn` within an assign makes them.
function stepOf(
  before: AnyMachineSnapshot | null,
  snapshot: AnyMachineSnapshot,
  scope: ActorScope,
): Step {
  const machine: AnyStateMachine = snapshot.machine;
  const deferred: (Command | SelfSend)[] = [...scope.collected()];
  const present = snapshot.children as Readonly<Record<string, unknown>>;
  if (present === before?.children) return { snapshot, deferred };
  const children: Record<string, ActorRef> = {};
  for (const child of Object.values(present)) {
    if (child instanceof ActorRef) children[child.id] = child;
    const made = asUnstarted(child);
    if (made === null) continue;
    const command = toInvoke(machine, made, made.src, scope.where);
    if (command.kind !== 'invoke') continue;
    const isStepped = wayOfActor(machine, command.src) === 'stepped';
    const state = isStepped ? made.getSnapshot() : undefined;
    children[made.id] = new ActorRef({ ...command, state });
    if (deferred.some((each) => each.kind === 'invoke' && each.id === made.id)) continue;
    deferred.push(command);
  }
  return { snapshot: { ...snapshot, children } as AnyMachineSnapshot, deferred };
}

// XState names neither the machine nor the states that it goes round in.
function explained(machine: AnyStateMachine, error: unknown, { recent }: ActorScope): unknown {
  const isEndless = error instanceof Error && error.message.startsWith('Infinite loop detected');
  return isEndless ? endlessCircle(machine, recent) : error;
}

/** The state nodes that a snapshot is in, outer ones included. */
export function activeNodes(snapshot: AnyMachineSnapshot): readonly AnyStateNode[] {
  return snapshot._nodes;
}

/** Event types that the active states have transitions for, guards aside. */
export function acceptedEvents({ _nodes: nodes }: AnyMachineSnapshot): readonly string[] {
  const known = acceptedByNodes.get(nodes);
  if (known !== undefined) return known;
  const types = new Set<string>();
  for (const node of nodes) {
    for (const type of node.ownEvents) types.add(String(type));
  }
  const accepted = [...types];
  acceptedByNodes.set(nodes, accepted);
  return accepted;
}

const acceptedByNodes = new WeakMap<readonly AnyStateNode[], readonly string[]>();

/** True when the machine has a transition for the event that does something. */
export function canTakeEvent(snapshot: AnyMachineSnapshot, event: EventObject): boolean {
  const table = tableOf(snapshot.machine);
  const entry = table === null ? null : entryOfSnapshot(table, snapshot);
  return listen(lookingAt(snapshot), () =>
    entry === null ? snapshot.can(event) : canStep(event, entry, snapshot),
  );
}

/** Milliseconds of a named delay as it would be armed now. */
export function delayOf(snapshot: AnyMachineSnapshot, name: string, sagaId: string): number {
  const machine: AnyStateMachine = snapshot.machine;
  const delay: unknown = machine.implementations.delays[name] ?? Number(name); // or a number of its own
  const self = { id: sagaId };
  const { context } = snapshot as { readonly context: unknown };
  const ms: unknown =
    typeof delay === 'function'
      ? Reflect.apply(delay, undefined, [
          { context, event: { type: 'backstep.migrate' }, self },
          {},
        ])
      : delay;
  if (typeof ms === 'number' && ms >= 0) return ms;
  const message = `machine "${machine.id}": the delay "${name}" gives no milliseconds`;
  throw new BackstepError('definition-invalid', message);
}

/**
 * A live snapshot again. Throws `state-unreadable` when the machine has no such state.
 *
 * @param live actors that the host runs for it, by id
 */
export function restoreMachine(
  machine: AnyStateMachine,
  self: Identity,
  persisted: PersistedMachine,
  live: Readonly<Record<string, PersistedChild>>,
): AnyMachineSnapshot {
  const children = refsOf(machine, persisted, live);
  const known = tableRestore(machine, persisted, children);
  if (known !== null) return known;
  // restoreSnapshot changes what it is given, and knows only actors of its own.
  const { context, children: _, ...parts } = persisted;
  const stored = { historyValue: {}, output: undefined, error: undefined, ...parts };
  const complete: unknown = { ...stored, context: {}, children: {} };
  try {
    const { xstate } = createScope(machine, self, null);
    const bare = machine.restoreSnapshot(complete as Snapshot<unknown>, xstate);
    const restored = { ...bare, context, children } as AnyMachineSnapshot;
    noteConfiguration(restored); // the next one in it is the table's
    return restored;
  } catch (cause) {
    const message = `saga ${self.id}: machine "${machine.id}" cannot be restored in this state`;
    throw new BackstepError('state-unreadable', message, { cause });
  }
}

// What another version of the machine had started is left out, as XState does.
function refsOf(
  machine: AnyStateMachine,
  { children: stored = {} }: PersistedMachine,
  live: Readonly<Record<string, PersistedChild>>,
): Readonly<Record<string, ActorRef>> {
  const refs: Record<string, ActorRef> = {};
  for (const [id, { src, input }] of Object.entries(live)) {
    if (machine.implementations.actors[src] === undefined) continue;
    refs[id] = new ActorRef({ ...stored[id], id, src, input });
  }
  for (const [id, child] of Object.entries(stored)) {
    refs[id] ??= new ActorRef({ ...child, id });
  }
  return refs;
}

/** The same snapshot with another context. Throws as `restoreMachine`. */
export function withContext(
  snapshot: AnyMachineSnapshot,
  self: Identity,
  context: object,
  live: Readonly<Record<string, PersistedChild>>,
): AnyMachineSnapshot {
  const machine: AnyStateMachine = snapshot.machine;
  return restoreMachine(machine, self, { ...persistMachine(snapshot, live), context }, live);
}
