/**
 * A saga definition: one XState machine, and what the engine must know about it beside the drawing.
 *
 * `durable` reads that from any hand-written machine in the supported subset and refuses the rest
 * with a message that names the place and the cure; `defineSaga` compiles to it.
 */
import type { AnyStateMachine } from 'xstate';
import type { Contract } from './activity.ts';
import { BackstepError } from './errors.ts';
import { fingerprint } from './hash.ts';
import { checkMachine, MAX_MICROSTEPS, nodesOf } from './machine-check.ts';
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
 * What one named delay stands for. By convention a delay called `<invoke id>.timeout` is the
 * time-out of one attempt of that activity, and `<invoke id>.retry` the wait before its next one.
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
  /** Only carries the contract's type. */
  readonly contract?: C;
}

/** What `durable` needs beside the machine. */
export interface DurableOptions {
  /** Counts up with every change of the drawing that instances in flight would notice. Default 1. */
  readonly version?: number;
  readonly input?: StandardSchema;
}

/**
 * Makes a hand-written machine registrable. Which step an invoking state belongs to is read from
 * its `meta`: `{ step, kind }` for a step, `{ compensates: step }` for a compensation; without
 * `meta` every invoke is a step of its own name.
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
  const { version = 1, input = null } = options;
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
    timers: readTimers(machine),
    activities: readActivityNames(machine),
  };
}

function readInvokes(machine: AnyStateMachine): Map<string, InvokeRole> {
  const roles = new Map<string, InvokeRole>();
  for (const node of nodesOf(machine)) {
    const meta = readMeta(node.meta);
    for (const { id } of node.invoke) {
      const kind = meta.kind ?? 'compensatable';
      const role: InvokeRole =
        meta.compensates === undefined
          ? { step: meta.step ?? id, direction: 'forward', kind }
          : { step: meta.compensates, direction: 'compensate', kind };
      roles.set(id, role);
    }
  }
  return roles;
}

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

function readTimers(machine: AnyStateMachine): Map<string, TimerRole> {
  const timers = new Map<string, TimerRole>();
  for (const node of nodesOf(machine)) {
    for (const delay of Object.keys(node.config.after ?? {})) {
      timers.set(`xstate.after.${delay}.${node.id}`, timerRole(delay));
    }
  }
  return timers;
}

function timerRole(delay: string): TimerRole {
  const match = /^(.+)\.(timeout|retry)$/.exec(delay);
  const activity = match?.[1];
  if (activity === undefined) return { kind: 'wait', delay };
  return { kind: match?.[2] === 'timeout' ? 'attempt-timeout' : 'retry', activity };
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
