/**
 * What a saga is doing and what happens next, as one sentence.
 */
import type { Failure } from '../../core/failure.ts';
import type { SagaStatus } from '../../core/status.ts';
import type { StepEntry } from '../../core/state.ts';
import type { ShownStep } from '../saga-view.ts';

export interface SagaFacts {
  readonly status: SagaStatus;
  readonly steps: readonly ShownStep[];
  readonly failureReason: Failure | null;
  readonly parkReason: Failure | null;
}

/** The sentence. */
export function nextInWords({ status, steps, parkReason }: SagaFacts): string {
  switch (status) {
    case 'running':
    case 'compensating':
      return busyInWords(steps);
    case 'waiting':
      return 'It waits for an event or a person.';
    case 'paused':
      return 'It is paused.';
    case 'completed':
      return 'All steps are done.';
    case 'compensated':
      return 'What was done is compensated.';
    case 'compensation_failed':
      return `${failedCompensation(steps)} A person decides: retry, or terminate.`;
    case 'failed':
      return 'It failed after its point of no return. A person decides.';
    case 'parked':
      return `The engine cannot go on: ${parkReason?.message ?? 'no reason recorded'}.`;
    case 'terminated':
      return 'It was stopped without compensating.';
  }
}

function busyInWords(steps: readonly ShownStep[]): string {
  for (const step of steps.toReversed()) {
    if (!('startedAtMs' in step)) continue;
    const { compensation } = step;
    if (compensation?.status === 'running' || compensation?.status === 'retrying') {
      return sideInWords(compensation.name, compensation.status, compensation);
    }
    if (step.status === 'running' || step.status === 'retrying') {
      return sideInWords(step.name, step.status, step);
    }
  }
  return 'It goes on.';
}

function sideInWords(
  name: string,
  status: 'running' | 'retrying',
  { attempts, nextAttemptAtMs }: Pick<StepEntry, 'attempts' | 'nextAttemptAtMs'>,
): string {
  if (status === 'running') return `${name}, attempt ${attempts}, is running.`;
  const at =
    nextAttemptAtMs === undefined
      ? 'soon'
      : `at ${new Date(nextAttemptAtMs).toISOString().slice(11, 19)}`;
  return `${name}, attempt ${attempts + 1}, starts ${at}.`;
}

function failedCompensation(steps: readonly ShownStep[]): string {
  for (const step of steps) {
    if (!('compensation' in step) || step.compensation?.status !== 'failed') continue;
    return `${step.compensation.name} gave up after ${countInWords(step.compensation.attempts)}.`;
  }
  return 'A compensation gave up.';
}

function countInWords(attempts: number): string {
  return attempts === 1 ? 'one attempt' : `${attempts} attempts`;
}
