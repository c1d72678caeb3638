/**
 * A saga definition: one XState machine, and what the engine must know about it beside the drawing.
 *
 * `durable` reads that from any hand-written machine in the supported subset and refuses the rest
 * with a message that names the place and the cure; `defineSaga` compiles to it.
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import type { Contract } from './activity.ts';
import { BackstepError } from './errors.ts';
import { fingerprint } from './hash.ts';
import { canBeActiveTogether, checkMachine, MAX_MICROSTEPS, nodesOf } from './machine-check.ts';
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
}

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
  /** Names of every activity that the machine may call. */
  readonly activities: readonly string[];
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
}

/**
 * Makes a hand-written machine registrable. Which step an invoking state belongs to is read from
 * its `meta`: `{ step, kind }` for a step, `{ compensates: step }` for a compensation; without
 * `meta` every invoke is a step of its own name.
 *
 * A step that is started again gets the key it had while its outcome is in doubt, and while its
 * `<invoke id>.retry` delay runs. Started again directly after it failed for certain, completed or
 * was undone, it is a new occurrence with a new key, so that a loop, or a payment with another
 * card, is a call of its own. A compensation undoes the last occurrence that is still owed.
 *
 * Status comes from tags named like a status: `compensating`, `waiting`, `compensation_failed`,
 * `failed`; on a final state `compensated`.
 *
 * Throws `definition-invalid` for what cannot run durably.
 */
export function durable<C extends Contract = Contract>(
  machine: AnyStateMachine,
  options: DurableOptions = {},
): SagaDefinition<C> {
  const { version = 1, input = null, examples = {} } = options;
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
    activities: readActivityNames(machine),
    examples,
  };
}

function readInvokes(machine: AnyStateMachine): Map<string, InvokeRole> {
  const roles = new Map<string, InvokeRole>();
  const seen: Invoke[] = [];
  for (const node of nodesOf(machine)) {
    const meta = readMeta(node.meta);
    for (const { id } of node.invoke) {
      const kind = meta.kind ?? 'compensatable';
      const role: InvokeRole =
        meta.compensates === undefined
          ? { step: meta.step ?? id, direction: 'forward', kind }
          : { step: meta.compensates, direction: 'compensate', kind };
      const invoke = { id, node, role };
      for (const other of seen) refuseSharedKey(machine, other, invoke);
      seen.push(invoke);
      roles.set(id, role);
    }
  }
  return roles;
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

const DIRECTION_WORDS = { forward: 'the', compensate: 'compensation of' } as const;

function readSteps(invokes: ReadonlyMap<string, InvokeRole>): SagaStep[] {
  const compensations = new Map<string, string>();
  for (const [id, role] of invokes) {
    if (role.direction === 'compensate') compensations.set(role.step, id);
  }
  const steps = new Map<string, SagaStep>();
  for (const { step, direction, kind } of invokes.values()) {
    if (direction === 'compensate') continue;
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
  const [, activity = '', role] = /^(.+)\.(timeout|retry)$/.exec(delay) ?? [];
  if (role === 'timeout' && node.invoke.some(({ id }) => id === activity)) {
    return { kind: 'attempt-timeout', activity };
  }
  if (role === 'retry' && invokes.has(activity)) return { kind: 'retry', activity };
  return { kind: 'wait', delay };
}

function readActivityNames(machine: AnyStateMachine): string[] {
  const names = nodesOf(machine).flatMap((node) => node.invoke.map((invoke) => invoke.src));
  return [...new Set(names.filter((name) => typeof name === 'string'))];
}

interface StateMeta {
  readonly step?: string;
  readonly compensates?: string;
  readonly kind?: StepKind;
}

function readMeta(meta: unknown): StateMeta {
  if (meta === null || typeof meta !== 'object') return {};
  const { step, compensates, kind } = meta as Record<string, unknown>;
  return {
    ...(typeof step === 'string' ? { step } : {}),
    ...(typeof compensates === 'string' ? { compensates } : {}),
    ...(kind === 'pivot' || kind === 'retriable' || kind === 'compensatable' ? { kind } : {}),
  };
}
