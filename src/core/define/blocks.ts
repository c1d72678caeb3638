/** From what the builder's methods are given to a plan: durations read, defaults filled in. */
import { type Duration, toMs } from '../duration.ts';
import { BackstepError } from '../errors.ts';
import { check, type Kind } from '../options-reader.ts';
import { exponential, type RetryPolicy } from '../retry-policy.ts';
import type { StepKind } from '../status.ts';
import { BLOCK_NAME, CHILD_OPTIONS, STEP_OPTIONS, WAIT_OPTIONS } from './option-members.ts';
import type { AttemptOptions } from './options.ts';
import type { AttemptPlan, ChildPlan, StepPlan, WaitPlan } from './plan.ts';

const DEFAULT_TIMEOUT: Duration = '10s';

/** A retriable step is not given up on soon: nothing can be done about it but to go on. */
const RETRIABLE = exponential({ first: '1s', max: '5m', attempts: 100 });
const BACKWARD = exponential({ first: '500ms', max: '30s', attempts: 8 });
const PROBING = exponential({ attempts: 5 });

/** Shortest time between two reminders: each is a turn, and an event to somebody. */
const MIN_REMINDER_MS = 100;

/** Any activity with a budget, its types left behind. */
export interface AnyAttempt extends AttemptOptions {
  readonly activity: unknown;
  readonly input: (view: never) => unknown;
}

/** Any step, its types left behind. */
export interface AnyStep extends AttemptOptions {
  readonly kind?: StepKind;
  readonly activity?: string;
  readonly input: (view: never) => unknown;
  readonly when?: (view: never) => boolean;
  readonly compensate?: AnyAttempt | undefined;
  readonly probe?: AnyAttempt | undefined;
  readonly repeatable?: boolean;
}

/** Any child, its types left behind. */
export interface AnyChild {
  readonly saga: ChildPlan['saga'];
  readonly input: (view: never) => unknown;
  readonly when?: (view: never) => boolean;
  readonly within?: Duration;
  readonly compensate: AnyAttempt;
}

/** Any wait, its types left behind. */
export interface AnyWait {
  readonly on: WaitPlan['on'];
  readonly within: Duration;
  readonly onExpired?: WaitPlan['onExpired'];
  readonly shared?: boolean;
  readonly remind?: {
    readonly every: Duration;
    readonly emit: (view: never) => { readonly type: string };
  };
}

export function stepPlan(sagaId: string, name: string, options: AnyStep): StepPlan {
  const at = placeOf(sagaId, 'step', name);
  read(options, STEP_OPTIONS, at);
  const { kind = 'compensatable', compensate, probe, repeatable = true, when = null } = options;
  const retry = kind === 'retriable' ? RETRIABLE : exponential();
  const activity = options.activity ?? name;
  const attempt = { ...attemptPlan(activity, options, retry, at), name };
  return {
    block: 'step',
    name,
    kind,
    when,
    attempt: { ...attempt, isRepeatable: repeatable },
    compensation: compensate === undefined ? null : compensationPlan(compensate, at),
    probe:
      probe === undefined
        ? null
        : attemptPlan(String(probe.activity), probe, PROBING, `${at}: probe`),
  };
}

export function childPlan(sagaId: string, name: string, options: AnyChild): ChildPlan {
  const at = placeOf(sagaId, 'child', name);
  read(options, CHILD_OPTIONS, at);
  const { saga, input, when = null, within, compensate } = options;
  return {
    block: 'child',
    name,
    saga,
    input,
    when,
    withinMs: within === undefined ? null : toMs(within, `${at}: within`),
    compensation: compensationPlan(compensate, at),
  };
}

export function waitPlan(sagaId: string, name: string, options: AnyWait): WaitPlan {
  const at = placeOf(sagaId, 'wait', name);
  read(options, WAIT_OPTIONS, at);
  const { on, within, onExpired = 'compensate', shared = false, remind } = options;
  return {
    block: 'wait',
    name,
    on,
    withinMs: toMs(within, `${at}: within`),
    onExpired,
    isShared: shared,
    remind:
      remind === undefined
        ? null
        : {
            everyMs: atLeast(MIN_REMINDER_MS, remind.every, `${at}: remind.every`),
            emit: remind.emit,
          },
  };
}

/** Where a block stands, for messages. Throws `definition-invalid` for a name that is no text. */
export function placeOf(sagaId: string, block: string, name: unknown): string {
  check(name, BLOCK_NAME, `saga "${sagaId}", the name of a ${block}`, 'definition-invalid');
  return `saga "${sagaId}", ${block} "${String(name)}"`;
}

/** Throws `definition-invalid` for what the types do not take. */
export function read(given: unknown, kind: Kind, at: string): void {
  check(given, kind, at, 'definition-invalid');
}

// A time-out of nothing fails every attempt, and a reminder after nothing is an endless loop.
function atLeast(leastMs: number, duration: Duration, at: string): number {
  const ms = toMs(duration, at);
  if (ms >= leastMs) return ms;
  const message = `${at} is ${duration}; give at least ${leastMs} ms`;
  throw new BackstepError('definition-invalid', message);
}

function compensationPlan(options: AnyAttempt, at: string): AttemptPlan {
  return attemptPlan(String(options.activity), options, BACKWARD, `${at}: compensation`);
}

function attemptPlan(
  activity: string,
  options: AttemptOptions & Pick<AnyAttempt, 'input'>,
  retry: RetryPolicy,
  at: string,
): AttemptPlan {
  const { heartbeat } = options;
  return {
    name: activity,
    activity,
    input: options.input,
    timeoutMs: atLeast(1, options.timeout ?? DEFAULT_TIMEOUT, `${at}: timeout`),
    heartbeatMs: heartbeat === undefined ? null : atLeast(1, heartbeat, `${at}: heartbeat`),
    retry: options.retry ?? retry,
    isPermanent: options.isPermanent ?? null,
    isRepeatable: true,
  };
}
