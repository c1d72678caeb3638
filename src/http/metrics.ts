/**
 * The figures in Prometheus' text format. Units stand last in the names, as there: seconds.
 */
import type { EngineFigures } from '../runtime/backstep.ts';
import type { StatusCounts } from '../store/read-models.ts';
import type { StoreStats } from '../store/store.ts';
import type { LiveFigures } from './live-clients.ts';

export interface MetricsSource {
  readonly sagas: StatusCounts;
  readonly engine: EngineFigures;
  readonly store: StoreStats;
  readonly isReady: boolean;
  readonly live: LiveFigures;
}

type Kind = 'gauge' | 'counter';
type Sample = readonly [name: string, kind: Kind, help: string, value: number];

/** One scrape. */
export function metricsText({ sagas, engine, store, isReady, live }: MetricsSource): string {
  const byStatus = Object.entries(sagas).map(
    ([status, count]) => `backstep_sagas{status="${status}"} ${count}`,
  );
  const samples: readonly Sample[] = [
    ['backstep_ready', 'gauge', '1 when work can be taken on', isReady ? 1 : 0],
    ['backstep_live_actors', 'gauge', 'Saga actors in memory', engine.liveActors],
    ['backstep_activities_in_flight', 'gauge', 'Attempts running', engine.activitiesInFlight],
    ['backstep_armed_wakes', 'gauge', 'Sagas with a loaded due time', engine.armedWakes],
    ['backstep_sagas_started_total', 'counter', 'Sagas started', engine.startedSagas],
    ['backstep_sagas_settled_total', 'counter', 'Sagas settled', engine.settledSagas],
    ['backstep_commits_total', 'counter', 'Turns committed', store.commits],
    ['backstep_batches_total', 'counter', 'Batches committed', store.batches],
    ['backstep_batch_size', 'gauge', 'Turns in the last batch', store.lastBatchSize],
    ['backstep_commit_seconds', 'gauge', 'Duration of the last batch', store.lastCommitMs / 1_000],
    ['backstep_live_clients', 'gauge', 'Open feeds and pages', live.clients],
    ['backstep_live_resyncs_total', 'counter', 'Slow clients sent back', live.resyncs],
  ];
  return [
    '# HELP backstep_sagas Sagas by status',
    '# TYPE backstep_sagas gauge',
    ...byStatus,
    ...samples.flatMap(([name, kind, help, value]) => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} ${kind}`,
      `${name} ${value}`,
    ]),
    '',
  ].join('\n');
}
