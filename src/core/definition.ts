/**
 * A saga definition: one XState machine, and what the engine must know about it beside the drawing.
 *
 * `durable` reads that from any hand-written machine in the supported subset and refuses the rest
 * with a message that names the place and the cure; `defineSaga` compiles to it.
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { activity, type Contract } from './activity.ts';
import { BackstepError } from './errors.ts';
import { fingerprint } from './hash.ts';
import { checkMachine, MAX_MICROSTEPS } from './machine-check.ts';
import { canBeActiveTogether, nodesOf, spawnsOf } from './machine-nodes.ts';
import type { StandardSchema } from './standard-schema.ts';
import type { Direction } from './state.ts';
import type { StepKind } from './status.ts';

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

/** A saga that can be registered. `C`: the activities its implementation must bring. */
export interface SagaDefinition<C extends Contract = Contract> {
  readonly id: string;
  readonly version: number;
  /** Fingerprint of the drawing; another one under the same version means it was edited. */
  readonly hash: string;
  readonly machine: AnyStateMachine;
  /** Parses the input of a start; `null`: any JSON. */
  readonly input: StandardSchema | null;
  readonly steps: readonly SagaStep[];
  /** By invoke id. */
  readonly invokes: ReadonlyMap<string, InvokeRole>;
  /** By timer id, which is the type of the event it raises. */
  readonly timers: ReadonlyMap<string, TimerRole>;
  /** Names of every activity that the machine may call; child sagas are not among them. */
  readonly activities: readonly string[];
  /** Sagas that an invoke starts as children, by invoke src. */
  readonly children: Readonly<Record<string, SagaDefinition>>;
  /** Types of events that wait, bounded, when they come before the machine can take them. */
  readonly keepsEarly: readonly string[];
  /** Members of the context that a person may edit; `null`: any that is there. */
  readonly editable: readonly string[] | null;
  /** Values that `verify` explores the saga with. */
  readonly examples: Examples;
  /** Only carries the contract's type. */
  readonly contract?: C;
}

/**
 * Values that `verify` explores a saga with, where a guard or mapper needs more than made-up ones.
 * Several outputs of an activity, or several events of a type, are several outcomes to explore.
 */
export interface Examples {
  /** An input as parsing gives it. */
  readonly input?: unknown;
  /** By activity name. */
  readonly outputs?: Readonly<Record<string, readonly unknown[]>>;
  /** By event type; without the type itself. */
  readonly events?: Readonly<Record<string, readonly object[]>>;
}

/** What `durable` needs beside the machine. */
export interface DurableOptions {
  /** Counts up with every change of the drawing that instances in flight would notice. Default 1. */
  readonly version?: number;
  readonly input?: StandardSchema;
  readonly examples?: Examples;
  /** Sagas run as durable children, by the name the machine invokes them under. */
  readonly children?: Readonly<Record<string, SagaDefinition>>;
  /** See `SagaDefinition.keepsEarly`. Default none: an event nobody waits for is refused. */
  readonly keepsEarly?: readonly string[];
  /** See `SagaDefinition.editable`. Default any. */
  readonly editable?: readonly string[];
}

/**
 * Makes a hand-written machine registrable. Which step an invoking state belongs to is read from
 * its `meta`: `{ step, kind }` for a step, `{ compensates: step }` for a compensation,
 * `{ probes: step }` for a probe; without `meta` every invoke is a step of its own name. A step's
 * meta may add `repeatable: false` (never started again while a first start may have had its
 * effect) and `heartbeatMs` (longest silence of an attempt).
 *
 * A step that is started again gets the key it had while its outcome is in doubt, and while its
 * `<invoke id>.retry` delay runs. Started again directly after it failed for certain, completed or
 * was undone, it is a new occurrence with a new key, so that a loop, or a payment with another
 * card, is a call of its own. A compensation undoes the last occurrence that is still owed.
 *
 * Status comes from tags named like a status: `compensating`, `waiting`, `compensation_failed`,
 * `failed`; on a final state `compensated`, or `compensation_failed` and `failed` where a person
 * resolved what the machine could not.
 *
 * Throws `definition-invalid` for what cannot run durably.
 */
export function durable<C extends Contract = Contract>(
  drawn: AnyStateMachine,
  options: DurableOptions = {},
): SagaDefinition<C> {
  const { version = 1, input = null, examples = {}, children = {} } = options;
  const machine = withStandIns(drawn, children);
  if (!Number.isInteger(version) || version < 1) {
    throw new BackstepError(
      'definition-invalid',
      `saga "${machine.id}": version is ${version}; give a whole number from 1`,
    );
  }
  checkMachine(machine);
  if (machine.options.maxIterations === Infinity) machine.options.maxIterations = MAX_MICROSTEPS;
  const invokes = readInvokes(machine);
  return {
    id: machine.id,
    version,
    hash: fingerprint(JSON.stringify(machine.definition)),
    machine,
    input,
    steps: readSteps(invokes),
    invokes,
    timers: readTimers(machine, invokes),
    activities: readActivityNames(machine, children),
    children,
    keepsEarly: options.keepsEarly ?? [],
    editable: options.editable ?? null,
    examples,
  };
}

// A child runs as a durable saga of its own: inside its parent it is but an activity that answers.
function withStandIns(
  machine: AnyStateMachine,
  children: Readonly<Record<string, SagaDefinition>>,
): AnyStateMachine {
  const names = Object.keys(children);
  if (names.length === 0) return machine;
  return machine.provide({ actors: Object.fromEntries(names.map((name) => [name, activity()])) });
}

function readInvokes(machine: AnyStateMachine): Map<string, InvokeRole> {
  const roles = new Map<string, InvokeRole>();
  const seen: Invoke[] = [];
  for (const node of nodesOf(machine)) {
    for (const { id } of spawnsOf(node, machine)) roles.set(id, roleOf(id, {}));
    const meta = readMeta(node.meta);
    for (const { id } of node.invoke) {
      const role = roleOf(id, meta);
      const invoke = { id, node, role };
      for (const other of seen) refuseSharedKey(machine, other, invoke);
      seen.push(invoke);
      roles.set(id, role);
    }
  }
  return roles;
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

function readSteps(invokes: ReadonlyMap<string, InvokeRole>): SagaStep[] {
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

function readTimers(
  machine: AnyStateMachine,
  invokes: ReadonlyMap<string, InvokeRole>,
): Map<string, TimerRole> {
  const timers = new Map<string, TimerRole>();
  for (const node of nodesOf(machine)) {
    for (const delay of Object.keys(node.config.after ?? {})) {
      timers.set(`xstate.after.${delay}.${node.id}`, timerRole(delay, node, invokes));
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

function readActivityNames(
  machine: AnyStateMachine,
  children: Readonly<Record<string, unknown>>,
): string[] {
  const names = nodesOf(machine).flatMap((node) => [
    ...node.invoke.map((invoke) => invoke.src),
    ...spawnsOf(node, machine).map((spawn) => spawn.src),
  ]);
  return [...new Set(names.filter((name) => typeof name === 'string'))].filter(
    (name) => !Object.hasOwn(children, name) && name !== UNWIND_CHILD,
  );
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
    ...(kind === 'pivot' || kind === 'retriable' || kind === 'compensatable' ? { kind } : {}),
  };
}
