/** From what the builder's methods are given to a plan: durations read, defaults filled in. */
import { type Duration, toMs } from '../duration.ts';
import { exponential, type RetryPolicy } from '../retry-policy.ts';
import type { StepKind } from '../status.ts';
import type { AttemptOptions } from './options.ts';
import type { AttemptPlan, ChildPlan, StepPlan, WaitPlan } from './plan.ts';

const DEFAULT_TIMEOUT: Duration = '10s';

/** A retriable step is not given up on soon: nothing can be done about it but to go on. */
const RETRIABLE = exponential({ first: '1s', max: '5m', attempts: 100 });
const BACKWARD = exponential({ first: '500ms', max: '30s', attempts: 8 });
const PROBING = exponential({ attempts: 5 });

/** Any activity with a budget, its types left behind. */
export interface AnyAttempt extends AttemptOptions {
  readonly activity: unknown;
  readonly input: (view: never) => unknown;
}

/** Any step, its types left behind. */
export interface AnyStep extends AttemptOptions {
  readonly kind?: StepKind;
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
  const { kind = 'compensatable', compensate, probe, repeatable = true, when = null } = options;
  const at = `saga "${sagaId}", step "${name}"`;
  const retry = kind === 'retriable' ? RETRIABLE : exponential();
  const attempt = attemptPlan(name, options, retry, at);
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
  const { saga, input, when = null, within, compensate } = options;
  const at = `saga "${sagaId}", child "${name}"`;
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
  const { on, within, onExpired = 'compensate', shared = false, remind } = options;
  const at = `saga "${sagaId}", wait "${name}"`;
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
        : { everyMs: toMs(remind.every, `${at}: remind`), emit: remind.emit },
  };
}

function compensationPlan(options: AnyAttempt, at: string): AttemptPlan {
  return attemptPlan(String(options.activity), options, BACKWARD, `${at}: compensation`);
}

function attemptPlan(
  name: string,
  options: AttemptOptions & Pick<AnyAttempt, 'input'>,
  retry: RetryPolicy,
  at: string,
): AttemptPlan {
  const { heartbeat } = options;
  return {
    name,
    input: options.input,
    timeoutMs: toMs(options.timeout ?? DEFAULT_TIMEOUT, `${at}: timeout`),
    heartbeatMs: heartbeat === undefined ? null : toMs(heartbeat, `${at}: heartbeat`),
    retry: options.retry ?? retry,
    isPermanent: options.isPermanent ?? null,
    isRepeatable: true,
  };
}
