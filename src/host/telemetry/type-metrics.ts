/**
 * The metrics by type of saga and by step.
 *
 * Counters of what is registered are there from the beginning, at 0: who asks how much one has grown
 * would miss the first time otherwise, which brings it to 1 from nothing.
 */
import type { SagaDefinition } from '../../core/define/definition.ts';
import type { CountedOfStep } from '../../core/history/counted.ts';
import { isSettled, SAGA_STATUSES } from '../../core/status.ts';
import { MAX_STEPS_TOLD, type TypeFigures } from './type-figures.ts';
import type { DurationFamily, Family } from './prometheus-text.ts';

/** Counted of steps under a name each; compensations are one metric with an outcome. */
const STEP_COUNTERS = {
  retry: ['backstep_step_retries_total', 'Attempts after the first'],
  timeout: ['backstep_step_timeouts_total', 'Attempts that took too long'],
  interruption: ['backstep_step_interruptions_total', 'Attempts lost with their process'],
  doubt: ['backstep_step_doubts_total', 'Steps of which nobody knew whether they happened'],
} as const satisfies Partial<Record<CountedOfStep, readonly [string, string]>>;

const SETTLED = SAGA_STATUSES.filter((status) => isSettled(status));

const COMPENSATION_OUTCOMES = {
  compensation: 'started',
  'compensation-done': 'done',
  'compensation-failed': 'failed',
} as const satisfies Partial<Record<CountedOfStep, string>>;

/** What is registered, versions of one type each for itself. */
export type KnownTypes = readonly Pick<SagaDefinition, 'id' | 'steps'>[];

/** What is counted of one type. */
type Counts = Pick<TypeFigures, 'type' | 'started' | 'settled'> & {
  readonly steps: readonly Pick<TypeFigures['steps'][number], 'step' | 'counted'>[];
};

/** What was counted since the start of the process. */
export function typeMetrics(
  figures: readonly TypeFigures[],
  known: KnownTypes,
): readonly (Family | DurationFamily)[] {
  const counts = countsOf(figures, known);
  return [
    {
      name: 'backstep_saga_starts_total',
      kind: 'counter',
      help: 'Sagas started, by type',
      samples: counts.map(({ type, started }) => ({ labels: { type }, value: started })),
    },
    {
      name: 'backstep_saga_settlements_total',
      kind: 'counter',
      help: 'Sagas that ended or needed a person, by type',
      samples: counts.flatMap(({ type, settled }) =>
        SETTLED.map((status) => ({ labels: { type, status }, value: settled[status] ?? 0 })),
      ),
    },
    {
      name: 'backstep_saga_duration_seconds',
      kind: 'histogram',
      help: 'From the start of a saga until it settled',
      samples: figures.map(({ type, durationMs }) => ({ labels: { type }, value: durationMs })),
    },
    ...Object.entries(STEP_COUNTERS).map(([what, [name, help]]) =>
      stepCounter(counts, name, help, { [what]: {} }),
    ),
    stepCounter(
      counts,
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
  counts: readonly Counts[],
  name: string,
  help: string,
  labelsOf: Readonly<Partial<Record<CountedOfStep, Readonly<Record<string, string>>>>>,
): Family {
  const samples = counts.flatMap(({ type, steps }) =>
    steps.flatMap(({ step, counted }) =>
      (Object.keys(labelsOf) as CountedOfStep[]).map((what) => ({
        labels: { type, step, ...labelsOf[what] },
        value: counted[what] ?? 0,
      })),
    ),
  );
  return { name, kind: 'counter', help, samples };
}

/** With those of what is registered of which nothing was counted yet. */
function countsOf(figures: readonly TypeFigures[], known: KnownTypes): readonly Counts[] {
  const stepsOf = new Map<string, Set<string>>();
  for (const { id, steps } of known) {
    const names = stepsOf.get(id) ?? new Set();
    for (const { name } of steps) if (names.size < MAX_STEPS_TOLD) names.add(name);
    stepsOf.set(id, names);
  }
  const counts: Counts[] = figures.map((each) => {
    const names = new Set(stepsOf.get(each.type));
    stepsOf.delete(each.type);
    for (const { step } of each.steps) names.delete(step);
    return { ...each, steps: [...each.steps, ...Array.from(names, uncounted)] };
  });
  for (const [type, names] of stepsOf) {
    counts.push({ type, started: 0, settled: {}, steps: Array.from(names, uncounted) });
  }
  return counts;
}

function uncounted(step: string): Counts['steps'][number] {
  return { step, counted: {} };
}
