/**
 * Where a saga stands, derived from its machine: final states and tags named like a status.
 */
import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate';
import type { SagaDefinition } from '../define/definition.ts';
import {
  ATTEMPT_TIMED_OUT,
  DEADLINE_PASSED,
  type Failure,
  isFailure,
  plainFailure,
  toFailure,
} from '../failure.ts';
import type { Inbound } from '../turn/inbound.ts';
import type { StepEntry } from '../state.ts';
import type { CompensationOutcome, SagaStatus } from '../status.ts';
import { meansSteps } from './machine-roles.ts';
import { END_TAGS, STATUS_TAGS } from './status-tags.ts';
import { timerName } from './timer-ids.ts';

/** The status a snapshot stands for. */
export function statusOf(snapshot: AnyMachineSnapshot): SagaStatus {
  if (snapshot.status === 'error') return 'parked';
  if (snapshot.status !== 'active') {
    const machine: AnyStateMachine = snapshot.machine;
    // `failed` is a common word: in a machine that knows of no steps it is only a tag.
    const isMeant = (tag: string): boolean => tag !== 'failed' || meansSteps(machine);
    return END_TAGS.find((tag) => snapshot.hasTag(tag) && isMeant(tag)) ?? 'completed';
  }
  return STATUS_TAGS.find((tag) => snapshot.hasTag(tag)) ?? 'running';
}

/** Statuses of a saga that has left its forward path. */
const HAS_TURNED: readonly SagaStatus[] = [
  'compensating',
  'compensated',
  'compensation_failed',
  'failed',
  'parked',
  'terminated',
];

/** Statuses of one that is on it, perhaps again after a person's word. */
const IS_FORWARD: readonly SagaStatus[] = ['running', 'waiting', 'completed'];

/** Why an ended-by-error machine is parked; `null` for any other. */
export function parkReasonOf(snapshot: AnyMachineSnapshot): Failure | null {
  return snapshot.status === 'error' ? readFailure(snapshot.error) : null;
}

/**
 * The reason a saga left the forward path: kept once set, else read from what made it leave.
 */
export function failureReasonAfter(
  known: Failure | null,
  status: SagaStatus,
  inbound: Inbound,
  definition: SagaDefinition,
  context: unknown,
): Failure | null {
  if (IS_FORWARD.includes(status)) return null;
  if (known !== null || !HAS_TURNED.includes(status)) return known;
  const told = toldReason(context);
  if (told !== null) return told;
  switch (inbound.kind) {
    case 'result':
      return inbound.outcome.kind === 'failed' ? plainFailure(inbound.outcome.failure) : null;
    case 'timer':
      return timerReason(definition, inbound.timer);
    case 'command':
      return decided(inbound.command.name, inbound.command.reason ?? 'ordered by an operator');
    case 'event':
    case 'told':
      return decided(inbound.event.type, reasonOf(inbound.event));
    case 'start':
    case 'admit':
    case 'migrate':
    case 'interrupted':
    case 'park':
    case 'move':
      return null;
  }
}

// A machine that keeps its `failure` in the context knows best, as compiled ones do.
function toldReason(context: unknown): Failure | null {
  if (context === null || typeof context !== 'object' || !('failure' in context)) return null;
  return isFailure(context.failure) ? context.failure : null;
}

/** How the compensation came out so far; `null` when there was or is nothing to compensate. */
export function compensationOutcomeOf(
  status: SagaStatus,
  steps: readonly StepEntry[],
): CompensationOutcome | null {
  const hasSkipped = steps.some((step) => step.status === 'skipped');
  if (status === 'compensation_failed') return hasSkipped ? 'partial' : 'failed';
  if (status !== 'compensated') return null;
  return hasSkipped ? 'partial' : 'complete';
}

/** The delay that `defineSaga` makes of a deadline. */
const DEADLINE_DELAY = 'deadline';

function timerReason(definition: SagaDefinition, timer: string): Failure {
  const role = definition.timers.get(timer);
  switch (role?.kind) {
    case 'attempt-timeout':
      return ATTEMPT_TIMED_OUT;
    case 'wait':
      return role.delay === DEADLINE_DELAY ? DEADLINE_PASSED : delayPassed(role.delay);
    case 'retry':
      return delayPassed(`${role.activity}.retry`);
    case undefined:
      return delayPassed(timerName(timer)); // a delayed event
  }
}

// Ambiguous like a deadline: it may have cut off an attempt.
function delayPassed(delay: string): Failure {
  const message = `the delay "${delay}" passed`;
  return { code: 'timer', message, retryable: false, ambiguous: true };
}

function reasonOf(event: EventObject): string {
  const reason: unknown = Reflect.get(event, 'reason');
  return typeof reason === 'string' && reason !== '' ? reason : 'the event led to compensation';
}

function decided(code: string, message: string): Failure {
  return {
    code: code === 'cancel' ? 'cancelled' : code,
    message,
    retryable: false,
    ambiguous: false,
  };
}

function readFailure(error: unknown): Failure {
  return isFailure(error) ? error : toFailure(error);
}
