/**
 * What the parts of a machine stand for in a saga: its invokes are steps, compensations and probes,
 * its named delays time-outs, retries and waits. Read from `meta` and from names; see `durable`.
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { BackstepError } from '../errors.ts';
import { wayOfActor } from './actors/actor-facts.ts';
import { canBeActiveTogether, nodesOf, readFields, spawnsOf } from './machine-nodes.ts';
import type { Direction } from '../state.ts';
import { isStatusTag } from './status-tags.ts';
import { STEP_KINDS, type StepKind } from '../status.ts';
import { afterId, delayName } from './timer-ids.ts';

/** A step as lists, charts and checks show it. */
export interface SagaStep {
  readonly name: string;
  readonly kind: StepKind;
  /** The compensating activity's invoke id; `null` when there is none. */
  readonly compensation: string | null;
}

/** What one invoke of the machine stands for. */
export interface InvokeRole {
  readonly step: string;
  readonly direction: Direction;
  readonly kind: StepKind;
  /** False: never started a second time while a first start may have had its effect. */
  readonly isRepeatable: boolean;
  /** Longest silence of a running attempt before it counts as timed out; `null`: no heartbeat. */
  readonly heartbeatMs: number | null;
  /** Started by an action, not by a state: it ends with its machine. */
  readonly isSpawned?: true;
}

/**
 * The invoke src of the compensation of a child saga: cancels the child where it still runs and is
 * done once it has ended undone, or never existed. When the child had completed it fails for good
 * with code `child-completed`: the parent must undo what the child did by an activity of its own.
 */
export const UNWIND_CHILD = 'backstep.unwind-child';

/**
 * What one named delay stands for, by convention:
 *
 * - `<invoke id>.timeout`, in the very state that invokes it: the time-out of one attempt. It runs
 *   from dispatch and has no due time of its own.
 * - `<invoke id>.retry`, in any state: the wait before its next attempt. Only through this delay
 *   does an attempt that failed for certain go on under the same key.
 * - Everything else is a wait with a durable due time.
 */
export type TimerRole =
  | { readonly kind: 'attempt-timeout'; readonly activity: string }
  | { readonly kind: 'retry'; readonly activity: string }
  | { readonly kind: 'wait'; readonly delay: string };

/** Every invoke and named spawn of a machine, by id. Throws `definition-invalid`. */
export function readInvokes(machine: AnyStateMachine): Map<string, InvokeRole> {
  const roles = new Map<string, InvokeRole>();
  const seen: Invoke[] = [];
  for (const node of nodesOf(machine)) {
    for (const { id } of spawnsOf(node, machine)) {
      roles.set(id, { ...roleOf(id, {}), isSpawned: true });
    }
    const meta = readMeta(node.meta);
    for (const { id } of node.invoke) {
      const role = roleOf(id, meta);
      refuseOtherRole(machine, id, roles.get(id), role);
      const invoke = { id, node, role };
      for (const other of seen) refuseSharedKey(machine, other, invoke);
      seen.push(invoke);
      roles.set(id, role);
    }
  }
  return roles;
}

// States that are never active together may start an actor under one id, as one and the same step.
function refuseOtherRole(
  machine: AnyStateMachine,
  id: string,
  known: InvokeRole | undefined,
  role: InvokeRole,
): void {
  if (known === undefined || known.isSpawned === true) return;
  if (JSON.stringify(known) === JSON.stringify(role)) return;
  throw new BackstepError(
    'definition-invalid',
    `machine "${machine.id}": several states invoke with id "${id}" and their meta makes it ` +
      'different steps; make the ids differ, or give them the same meta',
  );
}

function roleOf(id: string, meta: StateMeta): InvokeRole {
  const { kind = 'compensatable', isRepeatable = true, heartbeatMs = null } = meta;
  const rest = { kind, isRepeatable, heartbeatMs };
  if (meta.compensates !== undefined) {
    return { step: meta.compensates, direction: 'compensate', ...rest };
  }
  if (meta.probes !== undefined) return { step: meta.probes, direction: 'probe', ...rest };
  return { step: meta.step ?? id, direction: 'forward', ...rest };
}

interface Invoke {
  readonly id: string;
  readonly node: AnyStateNode;
  readonly role: InvokeRole;
}

// Step and direction make the idempotency key: two attempts under way may never share it.
function refuseSharedKey(machine: AnyStateMachine, one: Invoke, other: Invoke): void {
  const { step, direction } = other.role;
  if (one.role.step !== step || one.role.direction !== direction) return;
  if (!canBeActiveTogether(one.node, other.node)) return;
  throw new BackstepError(
    'definition-invalid',
    `machine "${machine.id}": "${one.id}" and "${other.id}" (states "${one.node.id}" and ` +
      `"${other.node.id}") can run at once, both as ${DIRECTION_WORDS[direction]} step "${step}" ` +
      'under one idempotency key; give each its own step in meta, or run one after the other',
  );
}

const DIRECTION_WORDS = {
  forward: 'the',
  compensate: 'compensation of',
  probe: 'probe of',
} as const;

/** The steps that the invokes stand for, in document order. */
export function readSteps(invokes: ReadonlyMap<string, InvokeRole>): SagaStep[] {
  const compensations = new Map<string, string>();
  for (const [id, role] of invokes) {
    // A child's own unwinding comes before the activity that undoes a completed one.
    if (role.direction === 'compensate') compensations.set(role.step, id);
  }
  const steps = new Map<string, SagaStep>();
  for (const { step, direction, kind } of invokes.values()) {
    if (direction !== 'forward') continue;
    steps.set(step, { name: step, kind, compensation: compensations.get(step) ?? null });
  }
  return [...steps.values()];
}

/** Every named delay of a machine, by timer id. */
export function readTimers(
  machine: AnyStateMachine,
  invokes: ReadonlyMap<string, InvokeRole>,
): Map<string, TimerRole> {
  const timers = new Map<string, TimerRole>();
  for (const node of nodesOf(machine)) {
    for (const delay of Object.keys(node.config.after ?? {})) {
      timers.set(afterId(delay, node.id), timerRole(delayName(delay), node, invokes));
    }
  }
  return timers;
}

function timerRole(
  delay: string,
  node: AnyStateNode,
  invokes: ReadonlyMap<string, InvokeRole>,
): TimerRole {
  const [, invoke = '', role] = /^(.+)\.(timeout|retry)$/.exec(delay) ?? [];
  if (role === 'timeout' && node.invoke.some(({ id }) => id === invoke)) {
    return { kind: 'attempt-timeout', activity: invoke };
  }
  if (role === 'retry' && invokes.has(invoke)) return { kind: 'retry', activity: invoke };
  return { kind: 'wait', delay };
}

/** What an implementation must bring: no child saga, nothing of the engine's own. */
export function readActivityNames(
  machine: AnyStateMachine,
  children: Readonly<Record<string, unknown>>,
): string[] {
  const names = nodesOf(machine).flatMap((node) => [
    ...node.invoke.map((invoke) => invoke.src),
    ...spawnsOf(node, machine).map((spawn) => spawn.src),
  ]);
  return [...new Set(names)]
    .filter((name) => typeof name === 'string')
    .filter((name) => !Object.hasOwn(children, name) && name !== UNWIND_CHILD)
    .filter((name) => wayOfActor(machine, name) !== 'stepped');
}

/**
 * True for a machine that speaks of steps: in the `meta` of a state, or with a status for a tag. It
 * may not end against its ledger, see `parkInstead`. Any other is a plain machine of XState and ends
 * as under XState's own interpreter.
 */
export function speaksOfSteps(machine: AnyStateMachine): boolean {
  return nodesOf(machine).some(
    ({ tags, meta }) => namesStep(meta) || tags.some((tag) => isStatusTag(tag)),
  );
}

/**
 * True for a machine whose final tag `failed` is a status. `failed` is a common word: only where
 * the drawing also names steps or compensation, or was compiled, is it more than a tag.
 */
export function meansSteps(machine: AnyStateMachine): boolean {
  return nodesOf(machine).some(({ tags, meta }) => {
    const isCompiled = readFields(meta)['builder'] !== undefined;
    return namesStep(meta) || isCompiled || tags.some(isOfCompensation);
  });
}

function namesStep(meta: unknown): boolean {
  const { step, compensates, probes, kind } = readMeta(meta);
  return (step ?? compensates ?? probes ?? kind) !== undefined;
}

function isOfCompensation(tag: string): boolean {
  return tag.startsWith('compensat');
}

interface StateMeta {
  readonly step?: string;
  readonly compensates?: string;
  readonly probes?: string;
  readonly kind?: StepKind;
  readonly isRepeatable?: false;
  readonly heartbeatMs?: number;
}

function readMeta(meta: unknown): StateMeta {
  if (meta === null || typeof meta !== 'object') return {};
  const { step, compensates, probes, kind, repeatable, heartbeatMs } = meta as Record<
    string,
    unknown
  >;
  return {
    ...(typeof probes === 'string' ? { probes } : {}),
    ...(repeatable === false ? { isRepeatable: false } : {}),
    ...(typeof heartbeatMs === 'number' ? { heartbeatMs } : {}),
    ...(typeof step === 'string' ? { step } : {}),
    ...(typeof compensates === 'string' ? { compensates } : {}),
    ...(isStepKind(kind) ? { kind } : {}),
  };
}

function isStepKind(kind: unknown): kind is StepKind {
  return STEP_KINDS.some((each) => each === kind);
}
