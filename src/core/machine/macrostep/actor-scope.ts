/**
 * The actor scope that XState's interpreter is given in place of a running actor: it collects what
 * a step commands and what expressions send by themselves, and starts nothing.
 *
 * Invariant: the same saga in the same turn gives the same ids and the same answers. What a durable
 * machine does not have (subscribers, a live system) is refused by name, never silently absent.
 */
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  createActor,
  createMachine,
  type EventObject,
} from 'xstate';
import { BackstepError } from '../../errors.ts';
import type { Ledger } from '../../turn/ledger.ts';
import {
  type Command,
  type ExecutableAction,
  PARENT,
  receiverOf,
  type SelfSend,
  toCommand,
  toEvent,
  type Where,
} from './action-command.ts';
import type { ActorRef, Listener, SteppedState } from '../actors/actor-ref.ts';
import { LONGEST_TOLD_CIRCLE } from './microstep-bound.ts';
import { TableSelf } from './microstep-self.ts';
import { statePath } from '../state-path.ts';
import { tellTaken } from './transition-witness.ts';

/** Who runs a step. */
export interface Runner {
  readonly id: string;
  readonly parentId: string | null;
  readonly ledger?: Ledger;
  /** The saga's own number of the turn, which ids are made of. */
  readonly turn?: number;
}

type XStateScope = Parameters<AnyStateMachine['transition']>[2];

/** A scope, and what was collected in it. */
export interface ActorScope {
  readonly xstate: XStateScope;
  /** State values of the last microsteps, for the message of one that goes on without end. */
  readonly recent: readonly unknown[];
  /** In order: what expressions sent by themselves, then what actions command, as XState does. */
  readonly collected: () => readonly (Command | SelfSend)[];
  readonly listener: Listener;
  readonly where: Where;
}

// A never-started actor lends its system to every scope, so that a turn costs no actor.
const inert = createActor(createMachine({}));

/**
 * @param before the snapshot that expressions see as the present one; `null` at the start
 * @param on the event of the step, where there is one
 */
export function createScope(
  machine: AnyStateMachine,
  runner: Runner,
  before: AnyMachineSnapshot | null,
  on: EventObject | null = null,
): ActorScope {
  const commanded: (Command | SelfSend)[] = [];
  const sent: (Command | SelfSend)[] = [];
  const recent: unknown[] = [];
  const { id, parentId, ledger } = runner;
  const where = (): string => placeOf(machine, before, on);
  const registered = new Map(childrenOf(before).flatMap(bySystemId));
  const send = (to: unknown, event: EventObject): void => {
    const receiver = receiverOf(self, to);
    if (receiver === null) return;
    sent.push(
      receiver === 'self'
        ? { kind: 'self-send', event: toEvent(event) }
        : { kind: 'send', to: receiver, event: toEvent(event) },
    );
  };
  const system = systemOf(runner, registered, send, recent, where);
  const self: unknown = Object.create(REFUSING, {
    id: { value: id, enumerable: true },
    sessionId: { value: id, enumerable: true },
    ledger: { value: ledger },
    system: { value: system },
    send: { value: (event: EventObject) => send(self, event) },
    getSnapshot: { value: () => present(before) },
    ...(parentId === null ? {} : { _parent: { value: PARENT } }),
  });
  const xstate: XStateScope = {
    self: self as typeof inert,
    id,
    sessionId: id,
    logger: ignore,
    defer: ignore,
    system,
    stopChild: ignore,
    emit: ignore,
    actionExecutor: (action: ExecutableAction) => {
      release(registered, action);
      const command = toCommand(machine, self, action, where);
      if (command !== null) commanded.push(command);
    },
  };
  const listener: Listener = {
    send: (to, event) => send(to, event),
    stateOf: (child) => stateIn(before, child),
  };
  return { xstate, recent, collected: () => [...sent, ...commanded], listener, where };
}

/**
 * What references answer while it is only asked whether the machine would take an event: the step
 * itself asks its guards once more, and sends what they send.
 */
export function lookingAt(snapshot: AnyMachineSnapshot): Listener {
  return { send: ignore, stateOf: (child) => stateIn(snapshot, child) };
}

type System = typeof inert.system;

function systemOf(
  { turn = 0, parentId }: Runner,
  registered: Map<string, unknown>,
  send: (to: unknown, event: EventObject) => void,
  recent: unknown[],
  where: Where,
): System {
  let minted = 0;
  const own = {
    _bookId: () => `x:${turn}.${(minted += 1)}`,
    _register: (sessionId: string) => sessionId,
    _unregister: ignore,
    _set: (systemId: string, actor: unknown) => {
      const known = registered.get(systemId);
      if (known !== undefined && known !== actor) {
        throw new Error(`Actor with system ID '${systemId}' already exists.`);
      }
      registered.set(systemId, actor);
    },
    get: (systemId: string) => {
      const known = registered.get(systemId);
      if (known !== undefined || parentId === null) return known;
      throw new BackstepError(
        'definition-invalid',
        `${where()}: system.get("${systemId}") asks for an actor of another saga; ` +
          'send to the parent, and let it hand the event on',
      );
    },
    getAll: () => Object.fromEntries(registered),
    _relay: (_source: unknown, to: unknown, event: EventObject) => send(to, event),
    _sendInspectionEvent: (seen: {
      readonly snapshot?: { value?: unknown };
      readonly _transitions?: readonly object[];
    }) => {
      tellTaken(seen._transitions ?? []);
      if (recent.push(seen.snapshot?.value) > LONGEST_TOLD_CIRCLE) recent.shift();
    },
  };
  return Object.assign(Object.create(inert.system) as System, own);
}

function placeOf(
  { id }: AnyStateMachine,
  before: AnyMachineSnapshot | null,
  on: EventObject | null,
): string {
  if (before === null) return `machine "${id}", at its start`;
  const { value } = before as { readonly value: unknown };
  const path = statePath(value);
  const at = path === '' ? '' : `, in "${path}"`;
  return `machine "${id}"${at}${on === null ? '' : ` on "${on.type}"`}`;
}

// As XState does at once, so that another actor of that system id can be started in the same step.
function release(registered: Map<string, unknown>, { type, params }: ExecutableAction): void {
  if (type !== 'xstate.stopChild' || params === null || typeof params !== 'object') return;
  const systemId: unknown = Reflect.get(params, 'systemId');
  if (typeof systemId === 'string') registered.delete(systemId);
}

function bySystemId(child: ActorRef): readonly (readonly [string, unknown])[] {
  return child.systemId === undefined ? [] : [[child.systemId, child]];
}

/** True for what a machine's own code is given as `self`. */
export function isSelf(value: object): boolean {
  return value instanceof TableSelf || Object.getPrototypeOf(value) === REFUSING;
}

/** The actors that a snapshot knows. */
function childrenOf(snapshot: AnyMachineSnapshot | null): readonly ActorRef[] {
  return Object.values((snapshot?.children ?? {}) as Readonly<Record<string, ActorRef>>);
}

function stateIn(snapshot: AnyMachineSnapshot | null, id: string): SteppedState | undefined {
  return childrenOf(snapshot).find((child) => child.id === id)?.state;
}

function present(before: AnyMachineSnapshot | null): AnyMachineSnapshot {
  if (before !== null) return before;
  throw new Error("Snapshot can't be read while the actor initializes itself");
}

/** The methods of a running actor that a durable machine does not have: each throws, by name. */
const REFUSING: object = Object.fromEntries(
  ['subscribe', 'on', 'start', 'stop', 'select', 'getPersistedSnapshot'].map((name) => [
    name,
    () => {
      throw new BackstepError(
        'definition-invalid',
        `self.${name}() is not there in a durable machine; subscribe to the engine, or emit`,
      );
    },
  ]),
);

function ignore(): void {
  // The engine acts after the commit, from the collected commands.
}
