/**
 * What `/metrics` serves. Names and labels are a contract with what scrapes it: added to, never
 * changed.
 *
 * Counters and live gauges are this process's own, so that one adds those of all processes up. What
 * is read of the database is the same at each process over it: one takes the largest.
 */
import { type Distribution, quantileMs } from '../../core/distribution.ts';
import type { EngineFigures } from '../../host/figures.ts';
import type { AlertFigures } from '../../host/alerts/alerts-face.ts';
import type { CallFigures } from '../../host/host-calls.ts';
import type { StoreStats } from '../../store/store.ts';
import { attemptMetrics } from '../../host/telemetry/attempt-metrics.ts';
import type { KnownTypes } from '../../host/telemetry/type-metrics.ts';
import type { LiveFigures } from '../live/live-clients.ts';
import {
  type DurationFamily,
  type Family,
  prometheusText,
} from '../../host/telemetry/prometheus-text.ts';
import type { StoreGauges } from './store-gauges.ts';

export interface MetricsSource {
  readonly engine: EngineFigures;
  /** What is registered. */
  readonly known: KnownTypes;
  readonly store: StoreStats;
  readonly gauges: StoreGauges;
  /** `null`: no calls are made between machines, or their server does not answer. */
  readonly calls: CallFigures | null;
  /** `null`: another process sends them. */
  readonly alerts: AlertFigures | null;
  readonly isReady: boolean;
  readonly isStandby: boolean;
  readonly live: LiveFigures;
  readonly lostLogLines: number;
  /** The 99th percentile of the event loop's delay just now, in milliseconds. */
  readonly loopP99Ms: number;
  readonly nowMs: number;
}

type Sample = readonly [name: string, kind: Family['kind'], help: string, value: number];

/** One scrape. */
export function metricsText(source: MetricsSource): string {
  const { engine, store, gauges, nowMs } = source;
  return prometheusText([
    ...ofDatabase(gauges, nowMs),
    ...ofProcess(source).map(([name, kind, help, value]) => ({
      name,
      kind,
      help,
      samples: [{ value }],
    })),
    durations('backstep_commit_duration_seconds', 'Batches at the writer', store.commitMs),
    durations('backstep_commit_wait_seconds', 'Wait of the oldest write', store.waitMs),
    ...attemptMetrics(engine, source.known),
  ]);
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

function durations(name: string, help: string, value: Distribution): DurationFamily {
  return { name, kind: 'histogram', help, samples: [{ value }] };
}

function ofProcess(source: MetricsSource): readonly Sample[] {
  const { engine, store, alerts, isReady, isStandby, live, lostLogLines, loopP99Ms } = source;
  return [
    ['backstep_ready', 'gauge', '1 when work can be taken on', isReady ? 1 : 0],
    ['backstep_standby', 'gauge', '1 while another process owns it', isStandby ? 1 : 0],
    ['backstep_live_actors', 'gauge', 'Saga actors in memory', engine.liveActors],
    ['backstep_mailbox_items', 'gauge', 'Items in all mailboxes', engine.mailboxItems],
    ['backstep_mailbox_deepest', 'gauge', 'Items in the fullest mailbox', engine.deepestMailbox],
    ['backstep_writes_queued', 'gauge', 'Writes that wait for a batch', store.queued],
    ['backstep_event_loop_delay_seconds', 'gauge', 'Its 99th percentile', loopP99Ms / 1_000],
    ['backstep_armed_wakes', 'gauge', 'Sagas with a loaded due time', engine.armedWakes],
    ['backstep_sagas_started_total', 'counter', 'Sagas started', engine.startedSagas],
    ['backstep_sagas_settled_total', 'counter', 'Sagas settled', engine.settledSagas],
    ['backstep_inbox_taken_total', 'counter', 'Rows dealt with', engine.inboxTaken],
    ['backstep_commits_total', 'counter', 'Turns committed', store.commits],
    ['backstep_batches_total', 'counter', 'Batches committed', store.batches],
    ['backstep_batch_size', 'gauge', 'Turns in the last batch', store.lastBatchSize],
    ['backstep_commit_seconds', 'gauge', 'Duration of the last batch', store.lastCommitMs / 1_000],
    ['backstep_live_clients', 'gauge', 'Open feeds and pages', live.clients],
    ['backstep_live_resyncs_total', 'counter', 'Slow clients sent back', live.resyncs],
    ['backstep_log_lines_lost_total', 'counter', 'Log lines not written', lostLogLines],
    ['backstep_alerts_waiting', 'gauge', 'Messages to be sent', alerts?.waiting ?? 0],
    ['backstep_alerts_failing', 'gauge', 'Of these, sent in vain', alerts?.failing ?? 0],
    ['backstep_alerts_given_up', 'gauge', 'Given up in the last day', alerts?.givenUp ?? 0],
    ...callSamples(source.calls),
    ['backstep_store_reads_failed', 'gauge', 'Of this scrape', failedReads(source.gauges)],
  ];
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

function failedReads(gauges: StoreGauges): number {
  return Object.values(gauges).filter((each) => each === null).length;
}

function ofDatabase(gauges: StoreGauges, nowMs: number): readonly Family[] {
  const { sagas, inbox, queues, underWay, unmoved, letters, messages, size } = gauges;
  const ageOf = (sinceMs: number): number => Math.max(0, nowMs - sinceMs) / 1_000;
  const gauge = (name: string, help: string, samples: Family['samples'] | undefined): Family => ({
    name,
    kind: 'gauge',
    help,
    samples: samples ?? [],
  });
  const one = (value: number | undefined): Family['samples'] | undefined =>
    value === undefined ? undefined : [{ value }];
  const byLetter = (valueOf: (letter: NonNullable<typeof letters>[number]) => number) =>
    letters?.map((letter) => ({
      labels: { type: letter.type, status: letter.kind },
      value: valueOf(letter),
    }));
  const byType = (valueOf: (queue: NonNullable<typeof queues>[number]) => number) =>
    queues?.map((queue) => ({ labels: { type: queue.type }, value: valueOf(queue) }));
  return [
    gauge(
      'backstep_sagas',
      'Sagas by status',
      sagas === null
        ? undefined
        : Object.entries(sagas).map(([status, value]) => ({ labels: { status }, value })),
    ),
    gauge(
      'backstep_sagas_under_way',
      'Sagas that are not settled, by type and status',
      underWay?.map(({ type, status, count: value }) => ({ labels: { type, status }, value })),
    ),
    gauge(
      'backstep_oldest_unmoved_seconds',
      'Since the last turn of the saga that should move and did so longest ago',
      unmoved?.map(({ type, oldestMs }) => ({ labels: { type }, value: ageOf(oldestMs) })),
    ),
    gauge(
      'backstep_dead_letters_open',
      'Open dead letters, by type and status',
      byLetter(({ count }) => count),
    ),
    gauge(
      'backstep_dead_letters_oldest_seconds',
      'Age of the oldest open dead letter',
      byLetter(({ oldestMs }) => ageOf(oldestMs)),
    ),
    gauge(
      'backstep_start_queue',
      'Starts that wait for a place',
      byType(({ queued }) => queued),
    ),
    gauge(
      'backstep_starts_scheduled',
      'Starts that wait for their time',
      byType(({ scheduled }) => scheduled),
    ),
    gauge(
      'backstep_database_bytes',
      'Of the whole database; of a file without its log',
      one(size?.bytes),
    ),
    gauge(
      'backstep_database_free_bytes',
      'Of the database file, what new sagas will use and `backstep compact` gives back',
      one(size?.freeBytes ?? undefined),
    ),
    gauge('backstep_messages_waiting', 'Messages not acknowledged yet', one(messages ?? undefined)),
    gauge('backstep_inbox_waiting', 'Rows that wait in the inbox', one(inbox?.waiting)),
    gauge('backstep_inbox_refused', 'Refused rows that are kept', one(inbox?.refused)),
    gauge(
      'backstep_inbox_oldest_seconds',
      'Age of the row that waits for longest',
      inbox === null
        ? undefined
        : [{ value: inbox.oldestAtMs === null ? 0 : ageOf(inbox.oldestAtMs) }],
    ),
  ];
}
