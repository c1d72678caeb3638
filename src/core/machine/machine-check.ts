/**
 * Which machines can run durably: what is looked at once, at definition time. Everything named
 * here would otherwise be lost, repeated or orphaned at a restart, or never run at all.
 *
 * Invariant: all that is wrong is said, each with its place and its cure.
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { isDelayMs } from '../duration.ts';
import { BackstepError } from '../errors.ts';
import { meantInstead } from '../nearest-name.ts';
import { COMMAND_EVENTS } from '../turn/legal.ts';
import { kindOfLogic } from './actors/actor-kinds.ts';
import { isWildcard } from './event-types.ts';
import {
  actionsOf,
  asList,
  canBeActiveTogether,
  isAsync,
  isBuiltIn,
  nodesOf,
  readFields,
  transitionsOf,
} from './machine-nodes.ts';

/** What cannot run durably, a sentence each with its cure; empty when all can. */
export function refusalsOf(machine: AnyStateMachine): readonly string[] {
  const invokeOwners = new Map<string, readonly AnyStateNode[]>();
  return nodesOf(machine).flatMap((node) => [
    ...invokeRefusals(node, invokeOwners),
    ...guardRefusals(machine, node),
    ...eventRefusals(node),
    ...delayRefusals(machine, node),
    ...heartbeatRefusals(node),
    ...actionRefusals(machine, node),
  ]);
}

/** The error that says all of it; one that names its place by itself is left as it is. */
export function refusal(id: string, given: readonly string[]): BackstepError {
  const refusals = [...new Set(given)];
  const [only = ''] = refusals;
  const isPlaced = /^(?:machine|saga) "/.test(only);
  const said =
    refusals.length === 1
      ? only
      : `${refusals.length} things keep it from running durably:\n- ${refusals.join('\n- ')}`;
  const message = refusals.length === 1 && isPlaced ? only : `machine "${id}": ${said}`;
  return new BackstepError('definition-invalid', message);
}

function invokeRefusals(
  node: AnyStateNode,
  owners: Map<string, readonly AnyStateNode[]>,
): string[] {
  const at = `state "${node.id}"`;
  return node.invoke.flatMap(({ id, input }) => [
    ...(isAsync(input) ? [`${at}: the input of "${id}" is async; let it answer at once`] : []),
    ...claimId(node, id, owners),
  ]);
}

function claimId(
  node: AnyStateNode,
  id: string,
  owners: Map<string, readonly AnyStateNode[]>,
): string[] {
  const others = owners.get(id) ?? [];
  owners.set(id, [...others, node]);
  return others
    .filter((other) => canBeActiveTogether(node, other))
    .map(
      (other) =>
        `state "${node.id}" and "${other.id}", which can be active at once, both start an actor ` +
        `with id "${id}"; make the ids differ`,
    );
}

// A promise always holds as a guard.
function guardRefusals(machine: AnyStateMachine, node: AnyStateNode): string[] {
  return transitionsOf(node).flatMap(({ guard, eventType }) => {
    const on = eventType === '' ? 'an eventless transition' : `"${eventType}"`;
    const at = `state "${node.id}"`;
    const parts = guardsIn(machine, guard);
    const missing = parts.flatMap(({ name, resolved }) => (resolved === undefined ? [name] : []));
    return [
      ...(parts.some(({ resolved }) => isAsync(resolved))
        ? [`${at} has an async guard on ${on}; let it answer at once`]
        : []),
      ...missing.map(
        (name) => `${at} asks the guard "${name}" on ${on}, which nobody wrote; add it to guards`,
      ),
    ];
  });
}

// Only operators' commands come under this prefix: an event of any other name never arrives.
function eventRefusals({ id, transitions }: AnyStateNode): string[] {
  const commands: readonly string[] = Object.values(COMMAND_EVENTS);
  const unheard = [...transitions.keys()].filter(
    (type) => type.startsWith('backstep.') && !isWildcard(type) && !commands.includes(type),
  );
  return unheard.map(
    (type) =>
      `state "${id}" waits for "${type}", which Backstep never sends` +
      `${meantInstead(type, commands)}; it sends ${commands.join(', ')}`,
  );
}

interface GuardPart {
  readonly name: string;
  readonly resolved: unknown;
}

/** A guard and all that `and`, `or` and `not` put together in it, looked up by name. */
function guardsIn(machine: AnyStateMachine, guard: unknown, depth = 0): readonly GuardPart[] {
  if (guard === undefined || depth > MAX_GUARD_DEPTH) return [];
  const isNamed = typeof guard !== 'function';
  const type = typeof guard === 'string' ? guard : readFields(guard)['type'];
  const name = isNamed && typeof type === 'string' ? type : '(inline)';
  const resolved: unknown = isNamed ? machine.implementations.guards[name] : guard;
  const inner = asList(readFields(resolved)['guards']);
  const own = { name, resolved };
  // One name may stand for another.
  if (isNamed && resolved !== undefined && typeof resolved !== 'function') {
    return guardsIn(machine, resolved, depth + 1);
  }
  return [own, ...inner.flatMap((each) => guardsIn(machine, each, depth + 1))];
}

/** Deeper ones name each other in a circle. */
const MAX_GUARD_DEPTH = 32;

function delayRefusals(machine: AnyStateMachine, node: AnyStateNode): string[] {
  const at = `state "${node.id}"`;
  return Object.keys(node.config.after ?? {}).flatMap((delay) => {
    const ms = Number(delay);
    if (Number.isNaN(ms)) {
      return isKnownDelay(machine, delay)
        ? []
        : [`${at} uses unknown delay "${delay}"; add it to delays`];
    }
    if (isDelayMs(ms)) return [];
    return [`${at} has the delay ${delay}; give milliseconds, 0 up to ten years`];
  });
}

// A silence is told to the machine as the time-out of the attempt.
function heartbeatRefusals(node: AnyStateNode): string[] {
  const { heartbeatMs } = readFields(node.meta);
  if (heartbeatMs === undefined) return [];
  const at = `state "${node.id}"`;
  const isTime = typeof heartbeatMs === 'number' && heartbeatMs > 0;
  const untimed = node.invoke.filter(
    ({ id }) => node.config.after?.[`${id}.timeout`] === undefined,
  );
  return [
    ...(isTime ? [] : [`${at} has no valid heartbeatMs; give milliseconds above 0`]),
    ...untimed.map(
      ({ id }) =>
        `${at} wants heartbeats of "${id}" but has no time-out for it; ` +
        `add the delay "${id}.timeout" to its after: silence fires it, too`,
    ),
  ];
}

function actionRefusals(machine: AnyStateMachine, node: AnyStateNode): string[] {
  const at = `state "${node.id}"`;
  return actionsOf(machine, node).flatMap(({ resolved }) => {
    if (!isBuiltIn(resolved)) return [];
    const { delay } = readFields(resolved);
    const isUnknown = typeof delay === 'string' && !isKnownDelay(machine, delay);
    return isUnknown ? [`${at} uses unknown delay "${delay}"; add it to delays`] : [];
  });
}

function isKnownDelay(machine: AnyStateMachine, name: string): boolean {
  return machine.implementations.delays[name] !== undefined;
}

/** What is wrong with the actors that a machine has logic for; the names among them are told. */
export function actorRefusals(actors: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(actors).flatMap(([name, logic]) =>
    kindOfLogic(logic) === 'unknown'
      ? [
          `"${name}" is an actor that no creator of XState made; make it an activity: declare it ` +
            'as activity() in setup({ actors }), and bind a function',
        ]
      : [],
  );
}
