/**
 * Which machines can run durably: the checks made once, at definition time. Everything refused
 * here would otherwise be lost, repeated or orphaned at a restart.
 */
import {
  type AnyStateMachine,
  type AnyStateNode,
  fromCallback,
  fromObservable,
  fromTransition,
  StateMachine,
} from 'xstate';
import { BackstepError } from '../errors.ts';
import {
  actionsOf,
  asList,
  isAsync,
  isBuiltIn,
  nodesOf,
  readFields,
  spawnsOf,
} from './machine-nodes.ts';

/** Throws `definition-invalid` with the first thing that cannot run durably. */
export function checkMachine(machine: AnyStateMachine): void {
  if (machine.id === '(machine)') refuse(machine, 'the machine has no id', 'give it one');
  const invokeOwners = new Map<string, string>();
  for (const node of nodesOf(machine)) {
    checkInvokes(machine, node, invokeOwners);
    for (const { id } of spawnsOf(node, machine)) claimId(machine, node, id, invokeOwners);
    checkAnswers(machine, node);
    checkDelays(machine, node);
    checkHeartbeat(machine, node);
    checkActions(machine, node);
  }
}

function checkInvokes(
  machine: AnyStateMachine,
  node: AnyStateNode,
  owners: Map<string, string>,
): void {
  for (const invoke of asList(node.config.invoke)) {
    const at = `state "${node.id}"`;
    const { id, src, systemId, onSnapshot } = readFields(invoke);
    if (typeof src !== 'string') {
      refuse(machine, `${at} invokes inline logic`, 'name the activity in setup({ actors })');
    }
    if (typeof id !== 'string') {
      refuse(machine, `${at} invokes "${src}" without an id`, 'give the invoke an explicit id');
    }
    if (systemId !== undefined) {
      refuse(machine, `${at} invokes with a systemId`, 'use the id; sagas share no system');
    }
    if (onSnapshot !== undefined) {
      refuse(machine, `${at} listens to the snapshots of "${id}"`, 'use onDone and onError');
    }
    checkActor(machine, at, src);
    claimId(machine, node, id, owners);
  }
}

function claimId(
  machine: AnyStateMachine,
  node: AnyStateNode,
  id: string,
  owners: Map<string, string>,
): void {
  const owner = owners.get(id);
  if (owner !== undefined) {
    refuse(
      machine,
      `state "${node.id}" and "${owner}" both invoke with id "${id}"`,
      'make the ids differ',
    );
  }
  owners.set(id, node.id);
}

// A promise always holds as a guard, and no input waits for one.
function checkAnswers(machine: AnyStateMachine, node: AnyStateNode): void {
  const transitions = [...node.transitions.values()].flat().concat(node.always ?? []);
  for (const { guard, eventType } of transitions) {
    const named: unknown =
      typeof guard === 'string' ? machine.implementations.guards[guard] : guard;
    if (!isAsync(named)) continue;
    const on = eventType === '' ? 'an eventless transition' : `"${eventType}"`;
    refuse(machine, `state "${node.id}" has an async guard on ${on}`, 'let it answer at once');
  }
  for (const { id, input } of node.invoke) {
    if (!isAsync(input)) continue;
    refuse(machine, `state "${node.id}": the input of "${id}" is async`, 'let it answer at once');
  }
}

function checkDelays(machine: AnyStateMachine, node: AnyStateNode): void {
  for (const delay of Object.keys(node.config.after ?? {})) {
    if (!Number.isNaN(Number(delay))) {
      refuse(
        machine,
        `state "${node.id}" has the numeric delay ${delay}, part of an event type`,
        'name it in setup({ delays }), so that a change does not orphan sagas in flight',
      );
    }
    if (machine.implementations.delays[delay] === undefined) {
      refuse(machine, `state "${node.id}" uses unknown delay "${delay}"`, 'add it to delays');
    }
  }
}

// A silence is told to the machine as the time-out of the attempt.
function checkHeartbeat(machine: AnyStateMachine, node: AnyStateNode): void {
  const { heartbeatMs } = readFields(node.meta);
  if (heartbeatMs === undefined) return;
  const at = `state "${node.id}"`;
  if (typeof heartbeatMs !== 'number' || !(heartbeatMs > 0)) {
    refuse(machine, `${at} has no valid heartbeatMs`, 'give milliseconds above 0');
  }
  for (const { id } of node.invoke) {
    if (node.config.after?.[`${id}.timeout`] !== undefined) continue;
    refuse(
      machine,
      `${at} wants heartbeats of "${id}" but has no time-out for it`,
      `add the delay "${id}.timeout" to its after: silence fires it, too`,
    );
  }
}

function checkActions(machine: AnyStateMachine, node: AnyStateNode): void {
  const at = `state "${node.id}"`;
  for (const { name, resolved } of actionsOf(machine, node)) {
    if (!isBuiltIn(resolved)) {
      refuse(
        machine,
        `${at} has the custom action "${name || '(inline)'}"`,
        'put the side effect into an invoked activity',
      );
    }
    if (resolved.type === 'xstate.spawnChild') checkSpawn(machine, at, readFields(resolved));
    if (resolved.type === 'xstate.sendTo' && readFields(resolved)['delay'] !== undefined) {
      refuse(machine, `${at} sends to another saga with a delay`, 'wait in a state, then send');
    }
  }
}

function checkSpawn(machine: AnyStateMachine, at: string, spawn: Record<string, unknown>): void {
  const { id, src, systemId } = spawn;
  if (typeof src !== 'string') {
    refuse(machine, `${at} spawns inline logic`, 'name the activity in setup({ actors })');
  }
  if (typeof id !== 'string') {
    refuse(machine, `${at} spawns "${src}" without an id`, 'give spawnChild an explicit id');
  }
  if (systemId !== undefined) {
    refuse(machine, `${at} spawns with a systemId`, 'use the id; sagas share no system');
  }
  checkActor(machine, at, src);
}

// A machine inside a machine would run in memory only; as a saga of its own it is durable.
function checkActor(machine: AnyStateMachine, at: string, src: string): void {
  const logic: unknown = machine.implementations.actors[src];
  if (logic === undefined) {
    refuse(machine, `${at} starts unknown "${src}"`, 'declare it in setup({ actors })');
  }
  if (logic instanceof StateMachine) {
    refuse(
      machine,
      `${at} starts the machine "${src}"`,
      `make it a saga of its own: durable(machine, { children: { ${src}: durable(...) } })`,
    );
  }
  const kind = kindOfLogic(logic);
  if (kind === null) return;
  refuse(
    machine,
    `${at} starts the ${kind} actor "${src}", which lives in memory only`,
    `make it an activity: declare it as activity() in setup({ actors }), and bind a function`,
  );
}

/** One of each kind of actor that no restart would find again. */
const MEMORY_ONLY = {
  callback: fromCallback(() => {}),
  observable: fromObservable(() => ({ subscribe: () => ({ unsubscribe: () => {} }) })),
  transition: fromTransition(() => null, null),
};

// XState marks no logic with its kind; the code of its transition, which is XState's own, tells.
function kindOfLogic(logic: unknown): string | null {
  const code = String(readFields(logic)['transition']);
  const kinds = Object.entries(MEMORY_ONLY);
  return kinds.find(([, { transition }]) => String(transition) === code)?.[0] ?? null;
}

function refuse(machine: AnyStateMachine, what: string, cure: string): never {
  throw new BackstepError('definition-invalid', `machine "${machine.id}": ${what}; ${cure}`);
}
