/** The metrics by type of saga and by step. */
import type { CountedOfStep } from '../../core/history/counted.ts';
import type { TypeFigures } from './type-figures.ts';
import type { DurationFamily, Family } from './prometheus-text.ts';

/** Counted of steps under a name each; compensations are one metric with an outcome. */
const STEP_COUNTERS = {
  retry: ['backstep_step_retries_total', 'Attempts after the first'],
  timeout: ['backstep_step_timeouts_total', 'Attempts that took too long'],
  interruption: ['backstep_step_interruptions_total', 'Attempts lost with their process'],
  doubt: ['backstep_step_doubts_total', 'Steps of which nobody knew whether they happened'],
} as const satisfies Partial<Record<CountedOfStep, readonly [string, string]>>;

const COMPENSATION_OUTCOMES = {
  compensation: 'started',
  'compensation-done': 'done',
  'compensation-failed': 'failed',
} as const satisfies Partial<Record<CountedOfStep, string>>;

/** What was counted since the start of the process. */
export function typeMetrics(figures: readonly TypeFigures[]): readonly (Family | DurationFamily)[] {
  return [
    {
      name: 'backstep_saga_starts_total',
      kind: 'counter',
      help: 'Sagas started, by type',
      samples: figures.map(({ type, started }) => ({ labels: { type }, value: started })),
    },
    {
      name: 'backstep_saga_settlements_total',
      kind: 'counter',
      help: 'Sagas that ended or needed a person, by type',
      samples: figures.flatMap(({ type, settled }) =>
        Object.entries(settled).map(([status, value]) => ({ labels: { type, status }, value })),
      ),
    },
    {
      name: 'backstep_saga_duration_seconds',
      kind: 'histogram',
      help: 'From the start of a saga until it settled',
      samples: figures.map(({ type, durationMs }) => ({ labels: { type }, value: durationMs })),
    },
    ...Object.entries(STEP_COUNTERS).map(([what, [name, help]]) =>
      stepCounter(figures, name, help, { [what]: {} }),
    ),
    stepCounter(
      figures,
      'backstep_compensations_total',
      'Compensations of steps',
      Object.fromEntries(
        Object.entries(COMPENSATION_OUTCOMES).map(([what, outcome]) => [what, { outcome }]),
      ),
    ),
    {
      name: 'backstep_step_attempt_duration_seconds',
      kind: 'histogram',
      help: 'Attempts that answered, by step',
      samples: figures.flatMap(({ type, steps }) =>
        steps.flatMap(({ step, attemptMs }) =>
          Object.entries(attemptMs).map(([direction, value]) => ({
            labels: { type, step, direction },
            value,
          })),
        ),
      ),
    },
  ];
}

function stepCounter(
  figures: readonly TypeFigures[],
  name: string,
  help: string,
  labelsOf: Readonly<Record<string, Readonly<Record<string, string>>>>,
): Family {
  const samples = figures.flatMap(({ type, steps }) =>
    steps.flatMap(({ step, counted }) =>
      Object.entries(counted).flatMap(([what, value]) => {
        const labels = labelsOf[what];
        return labels === undefined ? [] : [{ labels: { type, step, ...labels }, value }];
      }),
    ),
  );
  return { name, kind: 'counter', help, samples };
}
