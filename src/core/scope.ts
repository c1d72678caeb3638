/**
 * The only file that touches what XState marks internal.
 *
 * It calls a machine's own `transition` with an actor scope of ours, which collects the commanded
 * actions instead of running them. The exported `transition()` would build a throw-away actor and
 * run the context factory again at every call, at twice the cost. xstate is pinned to an exact
 * version and test/core/scope.test.ts fails loudly when an upgrade changes the shape of an action.
 *
 * Must never start an actor, a timer or an effect.
 */
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  createActor,
  createMachine,
  type EventObject,
  type Snapshot,
  type StateValue,
} from 'xstate';
import { BackstepError } from './errors.ts';

/** What a transition commands, in the order XState lists it. */
export type Command =
  | { readonly kind: 'invoke'; readonly id: string; readonly src: string; readonly input: unknown }
  | { readonly kind: 'stop'; readonly id: string }
  | {
      readonly kind: 'delay';
      readonly id: string | undefined;
      readonly delayMs: number;
      readonly event: EventObject;
    }
  | { readonly kind: 'cancel-delay'; readonly id: string }
  /** To the parent saga, or to the child that was started under this id. */
  | {
      readonly kind: 'send';
      readonly to: { readonly kind: 'parent' } | { readonly kind: 'child'; readonly id: string };
      readonly event: EventObject;
    }
  | { readonly kind: 'emit'; readonly event: EventObject };

/** A machine's snapshot after a macrostep, and what it commands. */
export interface Macrostep {
  readonly snapshot: AnyMachineSnapshot;
  readonly commands: readonly Command[];
}

/** The machine's part of a snapshot, fit for JSON. Invoked children are rebuilt from `Live`. */
export interface PersistedMachine {
  readonly status: 'active' | 'done' | 'error';
  readonly value: StateValue;
  readonly context: unknown;
  readonly historyValue?: unknown;
  readonly output?: unknown;
  readonly error?: unknown;
}

/** The saga that a machine runs as. */
export interface Self {
  readonly id: string;
  /** The saga that started it; `null`: `sendParent` has nobody to send to. */
  readonly parentId: string | null;
}

/** An invoked activity as XState must see it after a restore. */
export interface PersistedChild {
  readonly src: string;
  readonly input: unknown;
}

/** Takes the machine to its first stable state. Throws what a guard, mapper or assign throws. */
export function enterMachine(machine: AnyStateMachine, self: Self, input: unknown): Macrostep {
  const scope = createScope(machine, self);
  const snapshot = machine.getInitialSnapshot(scope.actorScope, input);
  if (snapshot.status === 'error') throw snapshot.error; // XState catches here; a saga must not
  return { snapshot, commands: scope.commands };
}

/** One macrostep. `snapshot` is the same object when nothing changed. Throws as `enterMachine`. */
export function stepMachine(
  snapshot: AnyMachineSnapshot,
  self: Self,
  event: EventObject,
): Macrostep {
  const machine: AnyStateMachine = snapshot.machine;
  const scope = createScope(machine, self);
  const next = machine.transition(snapshot, event, scope.actorScope);
  return { snapshot: next, commands: scope.commands };
}

/** Event types that the active states have transitions for, guards aside. */
export function acceptedEvents(snapshot: AnyMachineSnapshot): readonly string[] {
  const types = new Set<string>();
  for (const node of snapshot._nodes) {
    for (const type of node.ownEvents) types.add(String(type));
  }
  return [...types];
}

/** The persisted form. Cheaper than XState's own: activities are not persisted twice. */
export function persistMachine(snapshot: AnyMachineSnapshot): PersistedMachine {
  const history = persistHistory(snapshot.historyValue);
  return {
    status: snapshot.status === 'stopped' ? 'done' : snapshot.status,
    value: snapshot.value as StateValue,
    context: snapshot.context as unknown,
    ...(history === null ? {} : { historyValue: history }),
    ...(snapshot.output === undefined ? {} : { output: snapshot.output }),
    ...(snapshot.error === undefined ? {} : { error: snapshot.error }),
  };
}

/** A live snapshot again. Throws `state-unreadable` when the machine has no such state. */
export function restoreMachine(
  machine: AnyStateMachine,
  self: Self,
  persisted: PersistedMachine,
  children: Readonly<Record<string, PersistedChild>>,
): AnyMachineSnapshot {
  const childSnapshots: Record<string, unknown> = {};
  for (const [id, child] of Object.entries(children)) {
    const snapshot = { status: 'active', input: child.input };
    childSnapshots[id] = { src: child.src, snapshot, syncSnapshot: false };
  }
  // restoreSnapshot changes what it is given, so it gets an object of its own.
  const stored = { historyValue: {}, output: undefined, error: undefined, ...persisted };
  const complete = { ...stored, children: childSnapshots };
  try {
    return machine.restoreSnapshot(
      complete as Snapshot<unknown>,
      createScope(machine, self).actorScope,
    );
  } catch (cause) {
    const message = `saga ${self.id}: machine "${machine.id}" cannot be restored in this state`;
    throw new BackstepError('state-unreadable', message, { cause });
  }
}

/** The same snapshot with another context. Throws as `restoreMachine`. */
export function withContext(
  snapshot: AnyMachineSnapshot,
  self: Self,
  context: object,
  children: Readonly<Record<string, PersistedChild>>,
): AnyMachineSnapshot {
  const machine: AnyStateMachine = snapshot.machine;
  return restoreMachine(machine, self, { ...persistMachine(snapshot), context }, children);
}

type ActorScope = Parameters<AnyStateMachine['transition']>[2];

interface CollectingScope {
  readonly actorScope: ActorScope;
  readonly commands: Command[];
}

// A never-started actor lends its reference and its system to every scope, so that a turn costs no
// actor. Expressions of a machine may read `self.id`; nothing else of it.
const inert = createActor(createMachine({}));

/** Stands for the parent saga where a machine sends to it. */
const PARENT = createActor(createMachine({}));

function createScope(machine: AnyStateMachine, { id, parentId }: Self): CollectingScope {
  const commands: Command[] = [];
  const parent = parentId === null ? {} : { _parent: { value: PARENT } };
  const self: unknown = Object.create(inert, { id: { value: id, enumerable: true }, ...parent });
  const actorScope: ActorScope = {
    self: self as typeof inert,
    id,
    sessionId: id,
    logger: ignore,
    defer: ignore,
    system: inert.system,
    stopChild: ignore,
    emit: ignore,
    actionExecutor: (action) => {
      const command = toCommand(machine, action);
      if (command !== null) commands.push(command);
    },
  };
  return { actorScope, commands };
}

function ignore(): void {
  // The engine acts after the commit, from the collected commands.
}

type ExecutableAction = Parameters<ActorScope['actionExecutor']>[0];

function toCommand(machine: AnyStateMachine, action: ExecutableAction): Command | null {
  const params = readParams(action);
  switch (action.type) {
    case 'xstate.spawnChild':
      return toInvoke(machine, params);
    case 'xstate.stopChild':
      // Its `params` is the child's reference itself; absent when there was no such child.
      return typeof params['id'] === 'string' ? { kind: 'stop', id: params['id'] } : null;
    case 'xstate.raise':
      // Without a delay it is already consumed.
      if (typeof params['delay'] !== 'number') return null;
      return {
        kind: 'delay',
        id: typeof params['id'] === 'string' ? params['id'] : undefined,
        delayMs: params['delay'],
        event: toEvent(params['event']),
      };
    case 'xstate.cancel':
      return { kind: 'cancel-delay', id: String(params['sendId']) };
    case 'xstate.sendTo':
      return toSend(machine, params);
    case 'xstate.emit':
      return { kind: 'emit', event: toEvent(params['event']) };
    case 'xstate.log':
      return null;
    default:
      throw new BackstepError(
        'definition-invalid',
        `machine "${machine.id}": action "${action.type}" cannot run durably; ` +
          'put the side effect into an invoked activity',
      );
  }
}

function toInvoke(machine: AnyStateMachine, params: Record<string, unknown>): Command {
  const { id, src, input } = params;
  if (typeof src !== 'string' || typeof id !== 'string') {
    throw new BackstepError(
      'definition-invalid',
      `machine "${machine.id}": an actor was started without a name; ` +
        'give src the name of an activity and an explicit id',
    );
  }
  return { kind: 'invoke', id, src, input };
}

function toSend(machine: AnyStateMachine, params: Record<string, unknown>): Command {
  const { to, targetId, delay } = params;
  if (delay !== undefined) {
    throw new BackstepError(
      'definition-invalid',
      `machine "${machine.id}": an event is sent to another saga with a delay; ` +
        'wait in a state with a named delay, then send',
    );
  }
  const event = toEvent(params['event']);
  if (to === PARENT) return { kind: 'send', to: { kind: 'parent' }, event };
  const id = typeof targetId === 'string' ? targetId : typeof to === 'string' ? to : idOf(to);
  if (id !== null) return { kind: 'send', to: { kind: 'child', id }, event };
  throw new BackstepError(
    'definition-invalid',
    `machine "${machine.id}": "${event.type}" is sent to somebody who is neither the parent saga ` +
      'nor a child; name the child by its id',
  );
}

function idOf(actor: unknown): string | null {
  if (actor === null || typeof actor !== 'object' || !('id' in actor)) return null;
  return typeof actor.id === 'string' ? actor.id : null;
}

function readParams(action: ExecutableAction): Record<string, unknown> {
  const { params } = action;
  return params !== null && typeof params === 'object' ? (params as Record<string, unknown>) : {};
}

function toEvent(value: unknown): EventObject {
  if (value !== null && typeof value === 'object' && 'type' in value) {
    return { ...value, type: String(value.type) };
  }
  throw new BackstepError('definition-invalid', 'an event without a type was raised or emitted');
}

function persistHistory(history: AnyMachineSnapshot['historyValue']): unknown {
  const entries = Object.entries(history ?? {});
  if (entries.length === 0) return null;
  return Object.fromEntries(
    entries.map(([id, nodes]) => [id, nodes.map((node: { id: string }) => ({ id: node.id }))]),
  );
}
