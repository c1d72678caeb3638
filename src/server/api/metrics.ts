/**
 * The figures in Prometheus' text format. Units stand last in the names, as there: seconds.
 */
import { type Distribution, octavesOf, quantileMs } from '../../core/distribution.ts';
import type { AlertFigures } from '../../host/alerts/alerts-face.ts';
import type { EngineFigures } from '../../host/figures.ts';
import type { CallFigures } from '../../host/host-calls.ts';
import type { InboxFigures } from '../../store/queries/inbox.ts';
import type { StatusCounts } from '../../store/read-models.ts';
import type { StoreStats } from '../../store/store.ts';
import type { LiveFigures } from '../live/live-clients.ts';

export interface MetricsSource {
  readonly sagas: StatusCounts;
  readonly engine: EngineFigures;
  readonly store: StoreStats;
  readonly inbox: InboxFigures;
  /** `null`: no calls are made between machines, or their server does not answer. */
  readonly calls: CallFigures | null;
  readonly isReady: boolean;
  readonly isStandby: boolean;
  readonly live: LiveFigures;
  /** `null`: another process sends them. */
  readonly alerts: AlertFigures | null;
  readonly lostLogLines: number;
  /** The 99th percentile of the event loop's delay just now, in milliseconds. */
  readonly loopP99Ms: number;
}

type Kind = 'gauge' | 'counter';
type Sample = readonly [name: string, kind: Kind, help: string, value: number];

/** One scrape. */
export function metricsText({
  sagas,
  engine,
  store,
  inbox,
  calls,
  isReady,
  isStandby,
  live,
  alerts,
  lostLogLines,
  loopP99Ms,
}: MetricsSource): string {
  const byStatus = Object.entries(sagas).map(
    ([status, count]) => `backstep_sagas{status="${status}"} ${count}`,
  );
  const samples: readonly Sample[] = [
    ['backstep_ready', 'gauge', '1 when work can be taken on', isReady ? 1 : 0],
    ['backstep_standby', 'gauge', '1 while another process owns it', isStandby ? 1 : 0],
    ['backstep_live_actors', 'gauge', 'Saga actors in memory', engine.liveActors],
    ['backstep_activities_in_flight', 'gauge', 'Attempts running', engine.activitiesInFlight],
    ['backstep_activities_waiting', 'gauge', 'Attempts in line', engine.activitiesWaiting],
    ['backstep_mailbox_items', 'gauge', 'Items in all mailboxes', engine.mailboxItems],
    ['backstep_mailbox_deepest', 'gauge', 'Items in the fullest mailbox', engine.deepestMailbox],
    ['backstep_writes_queued', 'gauge', 'Writes that wait for a batch', store.queued],
    ['backstep_event_loop_delay_seconds', 'gauge', 'Its 99th percentile', loopP99Ms / 1_000],
    ['backstep_armed_wakes', 'gauge', 'Sagas with a loaded due time', engine.armedWakes],
    ['backstep_sagas_started_total', 'counter', 'Sagas started', engine.startedSagas],
    ['backstep_sagas_settled_total', 'counter', 'Sagas settled', engine.settledSagas],
    ['backstep_unheard_events_total', 'counter', 'Emitted, no subscriber', engine.unheardEvents],
    ['backstep_inbox_waiting', 'gauge', 'Rows that wait in the inbox', inbox.waiting],
    ['backstep_inbox_refused', 'gauge', 'Refused rows that are kept', inbox.refused],
    ['backstep_inbox_taken_total', 'counter', 'Rows dealt with', engine.inboxTaken],
    ['backstep_commits_total', 'counter', 'Turns committed', store.commits],
    ['backstep_batches_total', 'counter', 'Batches committed', store.batches],
    ['backstep_batch_size', 'gauge', 'Turns in the last batch', store.lastBatchSize],
    ['backstep_commit_seconds', 'gauge', 'Duration of the last batch', store.lastCommitMs / 1_000],
    ['backstep_alerts_waiting', 'gauge', 'Messages to be sent', alerts?.waiting ?? 0],
    ['backstep_alerts_failing', 'gauge', 'Of these, sent in vain', alerts?.failing ?? 0],
    ['backstep_alerts_given_up', 'gauge', 'Given up in the last day', alerts?.givenUp ?? 0],
    ['backstep_live_clients', 'gauge', 'Open feeds and pages', live.clients],
    ['backstep_live_resyncs_total', 'counter', 'Slow clients sent back', live.resyncs],
    ['backstep_log_lines_lost_total', 'counter', 'Log lines not written', lostLogLines],
    ...callSamples(calls),
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
    ...histogram('backstep_attempt_duration_seconds', 'Attempts that answered', engine.attemptMs),
    ...histogram('backstep_commit_duration_seconds', 'Batches at the writer', store.commitMs),
    ...histogram('backstep_commit_wait_seconds', 'Wait of the oldest write', store.waitMs),
    '',
  ].join('\n');
}

function callSamples(calls: CallFigures | null): readonly Sample[] {
  if (calls === null) return [];
  const { paused, retriedOften, pinned, unwritten, oldestUnwrittenMs } = calls;
  const oldestS = oldestUnwrittenMs === null ? 0 : oldestUnwrittenMs / 1_000;
  return [
    ['backstep_calls_paused', 'gauge', 'Calls that somebody paused', paused],
    ['backstep_calls_retried_often', 'gauge', 'Calls tried over twenty times', retriedOften],
    ['backstep_calls_pinned', 'gauge', 'Calls on an old deployment', pinned],
    ['backstep_calls_unwritten', 'gauge', 'Turns not in the database yet', unwritten],
    ['backstep_calls_oldest_unwritten_timestamp_seconds', 'gauge', 'The oldest; 0: none', oldestS],
  ];
}

/** Durations of the process as JSON tells them, in milliseconds. */
export function distributionView(distribution: Distribution): object {
  return {
    count: distribution.total,
    p50Ms: quantileMs(distribution, 0.5),
    p95Ms: quantileMs(distribution, 0.95),
    p99Ms: quantileMs(distribution, 0.99),
  };
}

function histogram(name: string, help: string, distribution: Distribution): readonly string[] {
  const { total, sumMs } = distribution;
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} histogram`,
    ...octavesOf(distribution).map(
      ({ upToMs, count }) => `${name}_bucket{le="${upToMs / 1_000}"} ${count}`,
    ),
    `${name}_bucket{le="+Inf"} ${total}`,
    `${name}_sum ${sumMs / 1_000}`,
    `${name}_count ${total}`,
  ];
}
