/**
 * Beside the microstep-*.ts files the only one that touches what XState marks internal.
 *
 * It calls a machine's own `transition` with an actor scope of ours, which collects the commanded
 * actions instead of running them. The exported `transition()` would build a throw-away actor and
 * run the context factory again at every call, at twice the cost. xstate is pinned to an exact
 * version and test/core/machine/scope.test.ts fails loudly when an upgrade changes the shape of an action.
 *
 * Must never start an actor, a timer or an effect.
 */
import {
  type AnyMachineSnapshot,
  type AnyStateNode,
  type AnyStateMachine,
  createActor,
  createMachine,
  type EventObject,
  type Snapshot,
} from 'xstate';
import { type Command, PARENT, type SelfSend, toCommand } from './action-command.ts';
import { BackstepError } from '../errors.ts';
import type { Ledger } from '../turn/ledger.ts';
import { endlessCircle, LONGEST_TOLD_CIRCLE } from './microstep-bound.ts';
import { tableStart, tableStep } from './microstep-run.ts';
import { noteConfiguration, tableRestore } from './microstep-table.ts';
import { type PersistedChild, type PersistedMachine, persistMachine } from './persisted-machine.ts';
import { statePath } from './state-path.ts';
import { tellTaken } from './transition-witness.ts';

export type { Command } from './action-command.ts';

/** A machine's snapshot after a macrostep, and what it commands. */
export interface Macrostep {
  readonly snapshot: AnyMachineSnapshot;
  readonly commands: readonly Command[];
}

/** Who a saga is. */
export interface Identity {
  readonly id: string;
  /** The saga that started it; `null`: `sendParent` has nobody to send to. */
  readonly parentId: string | null;
}

/** The saga that a machine runs as, within a turn. */
export interface Self extends Identity {
  /** How its steps stand, with the answer that this turn brings in it. */
  readonly ledger: Ledger;
}

/** Takes the machine to its first stable state. Throws what a guard, mapper or assign throws. */
export function enterMachine(machine: AnyStateMachine, self: Self, input: unknown): Macrostep {
  const known = tableStart(machine, named(self), input);
  if (known !== null) return known;
  const scope = createScope(machine, self);
  const snapshot = machine.getInitialSnapshot(scope.actorScope, input);
  // XState catches here; a saga must not.
  if (snapshot.status === 'error') throw explained(machine, snapshot.error, scope);
  return hearItself(self, { snapshot, ...scope.collected() });
}

/** One macrostep. `snapshot` is the same object when nothing changed. Throws as `enterMachine`. */
export function stepMachine(
  snapshot: AnyMachineSnapshot,
  self: Self,
  event: EventObject,
): Macrostep {
  const known = tableStep(snapshot, named(self), event);
  return known ?? hearItself(self, interpret(snapshot, self, event));
}

/** A macrostep that may have sent something to the machine itself. */
interface Step extends Macrostep {
  readonly selfSends: readonly EventObject[];
}

// XState's own way, for what the table of microsteps does not cover, and its oracle.
function interpret(given: AnyMachineSnapshot, self: Self, event: EventObject): Step {
  const machine: AnyStateMachine = given.machine;
  const scope = createScope(machine, self);
  try {
    const snapshot = machine.transition(given, event, scope.actorScope);
    return { snapshot, ...scope.collected() };
  } catch (error) {
    throw explained(machine, error, scope);
  }
}

// XState names neither the machine nor the states that it goes round in.
function explained(machine: AnyStateMachine, error: unknown, { recent }: CollectingScope): unknown {
  const isEndless = error instanceof Error && error.message.startsWith('Infinite loop detected');
  return isEndless ? endlessCircle(machine, recent) : error;
}

/** Most events that a machine may send to itself in one turn, one after the other. */
const MAX_SELF_SENDS = 10_000;

// As a live actor does: what it sent to itself comes next, in order, before anything from outside.
function hearItself(self: Self, { selfSends, ...first }: Step): Macrostep {
  if (selfSends.length === 0) return first;
  let { snapshot } = first;
  const commands = [...first.commands];
  const heard = [...selfSends];
  for (let count = 0; count < heard.length && snapshot.status === 'active'; count++) {
    const event = heard[count];
    if (event === undefined) break;
    if (count >= MAX_SELF_SENDS) throw endlessSends(snapshot, event);
    const next = interpret(snapshot, self, event);
    snapshot = next.snapshot;
    commands.push(...next.commands);
    heard.push(...next.selfSends);
  }
  return { snapshot, commands };
}

function endlessSends({ machine, value }: AnyMachineSnapshot, { type }: EventObject) {
  const why =
    `machine "${(machine as AnyStateMachine).id}" sends events to itself without end, ` +
    `the last one "${type}" in "${statePath(value)}"; give the circle a guard that ends it`;
  return new BackstepError('definition-invalid', why);
}

/** The state nodes that a snapshot is in, outer ones included. */
export function activeNodes(snapshot: AnyMachineSnapshot): readonly AnyStateNode[] {
  return snapshot._nodes;
}

/**
 * Throws `definition-invalid` when the macrostep has a child that no command speaks of: made by
 * `spawn` inside an assign or the context, it would never start, and be gone at the next restart.
 */
export function refuseHiddenSpawn(
  before: AnyMachineSnapshot | null,
  { snapshot, commands }: Macrostep,
): void {
  const known = childrenOf(before);
  const present = childrenOf(snapshot);
  for (const id in present) {
    const child = present[id];
    if (!isObject(child) || known[id] === child) continue;
    if (commands.some((command) => command.kind === 'invoke' && command.id === id)) continue;
    throw new BackstepError(
      'definition-invalid',
      `machine "${(snapshot.machine as AnyStateMachine).id}": an assign spawns "${id}"; ` +
        'invoke it in a state, or use spawnChild',
    );
  }
}

function isObject(value: unknown): value is object {
  return value !== null && typeof value === 'object';
}

function childrenOf(snapshot: AnyMachineSnapshot | null): Readonly<Record<string, unknown>> {
  return (snapshot?.children ?? {}) as Readonly<Record<string, unknown>>;
}

/** Event types that the active states have transitions for, guards aside. */
export function acceptedEvents(snapshot: AnyMachineSnapshot): readonly string[] {
  const types = new Set<string>();
  for (const node of snapshot._nodes) {
    for (const type of node.ownEvents) types.add(String(type));
  }
  return [...types];
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

/** A live snapshot again. Throws `state-unreadable` when the machine has no such state. */
export function restoreMachine(
  machine: AnyStateMachine,
  self: Identity,
  persisted: PersistedMachine,
  children: Readonly<Record<string, PersistedChild>>,
): AnyMachineSnapshot {
  const known = tableRestore(machine, persisted, children);
  if (known !== null) return known;
  const childSnapshots: Record<string, unknown> = {};
  for (const [id, child] of Object.entries(children)) {
    const snapshot = { status: 'active', input: child.input };
    childSnapshots[id] = { src: child.src, snapshot, syncSnapshot: false };
  }
  // restoreSnapshot changes what it is given, so it gets an object of its own.
  const stored = { historyValue: {}, output: undefined, error: undefined, ...persisted };
  const complete = { ...stored, children: childSnapshots };
  try {
    const { actorScope } = createScope(machine, self);
    const restored = machine.restoreSnapshot(complete as Snapshot<unknown>, actorScope);
    noteConfiguration(restored); // the next one in it is the table's
    return restored;
  } catch (cause) {
    const message = `saga ${self.id}: machine "${machine.id}" cannot be restored in this state`;
    throw new BackstepError('state-unreadable', message, { cause });
  }
}

/** The same snapshot with another context. Throws as `restoreMachine`. */
export function withContext(
  snapshot: AnyMachineSnapshot,
  self: Identity,
  context: object,
  children: Readonly<Record<string, PersistedChild>>,
): AnyMachineSnapshot {
  const machine: AnyStateMachine = snapshot.machine;
  return restoreMachine(machine, self, { ...persistMachine(snapshot), context }, children);
}

type ActorScope = Parameters<AnyStateMachine['transition']>[2];

interface CollectingScope {
  readonly actorScope: ActorScope;
  /** State values of the last microsteps, for the message of one that goes on without end. */
  readonly recent: readonly unknown[];
  readonly collected: () => Pick<Step, 'commands' | 'selfSends'>;
}

// A never-started actor lends its reference and its system to every scope, so that a turn costs no
// actor. Expressions of a machine may read `self.id`, compiled ones `self.ledger`; nothing else.
const inert = createActor(createMachine({}));

function createScope(
  machine: AnyStateMachine,
  { id, parentId, ledger }: Identity & Partial<Self>,
): CollectingScope {
  const collected: (Command | SelfSend)[] = [];
  const recent: unknown[] = [];
  const system = Object.create(inert.system) as typeof inert.system;
  Reflect.set(
    system,
    '_sendInspectionEvent',
    (seen: { readonly snapshot?: { value?: unknown }; readonly _transitions?: object[] }) => {
      tellTaken(seen._transitions ?? []);
      if (recent.push(seen.snapshot?.value) > LONGEST_TOLD_CIRCLE) recent.shift();
    },
  );
  const parent = parentId === null ? {} : { _parent: { value: PARENT } };
  const own = { id: { value: id, enumerable: true }, ledger: { value: ledger } };
  const self: unknown = Object.create(inert, { ...own, ...parent });
  const actorScope: ActorScope = {
    self: self as typeof inert,
    id,
    sessionId: id,
    logger: ignore,
    defer: ignore,
    system,
    stopChild: ignore,
    emit: ignore,
    actionExecutor: (action) => {
      const command = toCommand(machine, self, action);
      if (command !== null) collected.push(command);
    },
  };
  return { actorScope, recent, collected: () => sorted(collected) };
}

function sorted(collected: readonly (Command | SelfSend)[]) {
  const commands: Command[] = [];
  const selfSends: EventObject[] = [];
  for (const each of collected) {
    if (each.kind === 'self-send') selfSends.push(each.event);
    else commands.push(each);
  }
  return { commands, selfSends };
}

// All of `self` that an expression may read.
function named({ id, ledger }: Self): object {
  const self = Object.create(inert) as { id: string; ledger: Ledger };
  self.id = id;
  self.ledger = ledger;
  return self;
}

function ignore(): void {
  // The engine acts after the commit, from the collected commands.
}
