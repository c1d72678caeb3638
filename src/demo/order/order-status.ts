/**
 * The order demo's own way of showing sagas: snake_case, money as decimal text.
 */
import type { SagaDefinition } from '../../core/define/definition.ts';
import { compensationOutcomeOf } from '../../core/machine/saga-status.ts';
import type { SagaState } from '../../core/state.ts';
import type { SagaSummary, StatusCounts } from '../../store/read-models.ts';
import { isoTime } from '../../core/iso-time.ts';
import { totalOf } from '../../core/status.ts';
import { definedSteps, inputOf, outputOf, type ShownStep } from '../../server/api/saga-answers.ts';

/** The answer of `GET /saga/status/{id}`: every step of the definition, pending ones included. */
export function orderStatusView(
  type: string,
  state: SagaState,
  definition: SagaDefinition | undefined,
): object {
  return {
    id: state.id,
    type,
    status: state.status,
    data: toSnakeCase(inputOf(state)),
    failure_reason: state.failureReason,
    compensation_outcome: compensationOutcomeOf(state.status, state.steps),
    steps: definedSteps(definition, state).map((step) => stepRow(step, state)),
  };
}

/** A line of `GET /saga/all`. */
export function orderSagaRow(saga: SagaSummary): object {
  return {
    id: saga.id,
    order_id: saga.key,
    type: saga.type,
    status: saga.status,
    step_name: saga.step,
    attempts: saga.attempts,
    error: saga.error,
    started_at: isoTime(saga.startedAtMs),
    updated_at: isoTime(saga.updatedAtMs),
    ended_at: isoTime(saga.endedAtMs),
  };
}

/** The answer of `GET /saga/stats`: `total` is the sum of all the others. */
export function orderStatsView(counts: StatusCounts): object {
  const { running, completed, compensating, compensated, compensation_failed, ...others } = counts;
  return {
    total: totalOf(counts),
    running,
    completed,
    compensating,
    compensated,
    compensation_failed,
    ...others,
  };
}

function stepRow(step: ShownStep, state: SagaState): object {
  const base = { step_name: step.name, status: step.status };
  if (!('startedAtMs' in step)) {
    return { ...base, data: null, attempts: 0, executed_at: null, compensation: null };
  }
  const { compensation } = step;
  const output = outputOf(state, step.name);
  return {
    ...base,
    data: output === undefined ? (step.error ?? null) : toSnakeCase(output),
    attempts: step.attempts,
    executed_at: isoTime(step.endedAtMs ?? step.startedAtMs),
    compensation:
      compensation === undefined
        ? null
        : {
            name: compensation.name,
            status: compensation.status,
            attempts: compensation.attempts,
            error: compensation.error ?? null,
            executed_at: isoTime(compensation.endedAtMs ?? compensation.startedAtMs),
          },
  };
}

/** `amountMinor: 1250` becomes `amount: "12.50"`. */
function toSnakeCase(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item: unknown) => toSnakeCase(item));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]: [string, unknown]) => {
      const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      return snake.endsWith('_minor') && typeof member === 'number'
        ? [snake.slice(0, -'_minor'.length), (member / 100).toFixed(2)]
        : [snake, toSnakeCase(member)];
    }),
  );
}
