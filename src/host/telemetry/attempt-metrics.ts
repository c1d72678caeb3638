/** The metrics of a process that makes attempts: an engine, or a worker of sagas on Restate. */
import type { EngineFigures } from '../figures.ts';
import type { DurationFamily, Family } from './prometheus-text.ts';
import { type KnownTypes, typeMetrics } from './type-metrics.ts';

/** What is counted where attempts are made. */
export type AttemptFigures = Pick<
  EngineFigures,
  'activitiesInFlight' | 'activitiesWaiting' | 'attemptMs' | 'unheardEvents' | 'types'
>;

/** What was counted since the start of the process, and runs now. `known`: what is registered there. */
export function attemptMetrics(
  figures: AttemptFigures,
  known: KnownTypes = [],
): readonly (Family | DurationFamily)[] {
  const one = (name: string, kind: Family['kind'], help: string, value: number): Family => ({
    name,
    kind,
    help,
    samples: [{ value }],
  });
  const { activitiesInFlight, activitiesWaiting, unheardEvents, attemptMs, types } = figures;
  return [
    one('backstep_activities_in_flight', 'gauge', 'Attempts running', activitiesInFlight),
    one('backstep_activities_waiting', 'gauge', 'Attempts in line', activitiesWaiting),
    one('backstep_unheard_events_total', 'counter', 'Emitted, no subscriber', unheardEvents),
    {
      name: 'backstep_attempt_duration_seconds',
      kind: 'histogram',
      help: 'Attempts that answered',
      samples: [{ value: attemptMs }],
    },
    ...typeMetrics(types, known),
  ];
}
