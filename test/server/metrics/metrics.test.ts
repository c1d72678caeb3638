/** What a scrape of `/metrics` gives, and that it stands by what outside programs were promised. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { prometheusText } from '../../../src/host/telemetry/prometheus-text.ts';
import { sagaCounterOf } from '../../../src/server/metrics/counted-sagas.ts';
import { storeGaugesOf } from '../../../src/server/metrics/store-gauges.ts';
import type { ReadModels } from '../../../src/store/read-models.ts';
import { declined, type HttpFixture, openFixture } from '../http-fixture.ts';

let http: HttpFixture;
let lines: readonly string[];

// One order that completes, and one that cannot be compensated.
beforeAll(async () => {
  const broken = new Set(['o-2']);
  http = await openFixture({
    activities: {
      charge: (input, context) => (broken.has(input.orderId) ? declined(input) : ok(context)),
      release: declined,
    },
  });
  await http.settledOrder('o-1');
  await http.settledOrder('o-2');
  lines = (await (await http.send('GET', '/metrics')).text()).trimEnd().split('\n');
});
afterAll(() => http.dispose());

const ok = (_: unknown) => ({ receipt: 'r-1' });

describe('a scrape', () => {
  it('has every metric that there was before those by type', () => {
    // Only ever added to: programs outside ask for these names.
    const promised = `
      backstep_activities_in_flight backstep_activities_waiting backstep_armed_wakes
      backstep_attempt_duration_seconds backstep_batch_size backstep_batches_total
      backstep_commit_duration_seconds backstep_commit_seconds backstep_commit_wait_seconds
      backstep_commits_total backstep_event_loop_delay_seconds backstep_inbox_refused
      backstep_inbox_taken_total backstep_inbox_waiting backstep_live_actors backstep_live_clients
      backstep_live_resyncs_total backstep_log_lines_lost_total backstep_mailbox_deepest
      backstep_mailbox_items backstep_ready backstep_sagas backstep_sagas_settled_total
      backstep_sagas_started_total backstep_standby backstep_unheard_events_total
      backstep_writes_queued`;
    expect([...namesOf(lines)]).toEqual(expect.arrayContaining(promised.trim().split(/\s+/)));
    expect(lines).toContain('backstep_sagas_started_total 2');
    expect(lines).toContain('backstep_sagas{status="completed"} 1');
  });

  it('tells of each type what began, how it settled, and what its steps came to', () => {
    expect(lines).toEqual(
      expect.arrayContaining([
        'backstep_saga_starts_total{type="order"} 2',
        'backstep_saga_settlements_total{type="order",status="completed"} 1',
        'backstep_saga_settlements_total{type="order",status="compensation_failed"} 1',
        'backstep_saga_duration_seconds_count{type="order"} 2',
        'backstep_compensations_total{type="order",step="reserve",outcome="started"} 1',
        'backstep_compensations_total{type="order",step="reserve",outcome="failed"} 1',
        'backstep_step_attempt_duration_seconds_count{type="order",step="charge",direction="forward"} 2',
        'backstep_step_attempt_duration_seconds_count{type="order",step="reserve",direction="compensate"} 1',
        'backstep_dead_letters_open{type="order",status="compensation_failed"} 1',
        'backstep_messages_waiting 0',
        'backstep_inbox_oldest_seconds 0',
        'backstep_store_reads_failed 0',
      ]),
    );
    const age = valueOf(
      'backstep_dead_letters_oldest_seconds{type="order",status="compensation_failed"}',
    );
    expect(age).toBeGreaterThanOrEqual(0);
    expect(age).toBeLessThan(60);
  });

  it('has counters of what is registered at 0, before anything was counted', async () => {
    const own = await openFixture();
    const scraped = async () => (await (await own.send('GET', '/metrics')).text()).split('\n');
    const counters = [
      'backstep_saga_starts_total{type="order"} 0',
      'backstep_saga_settlements_total{type="order",status="failed"} 0',
      'backstep_step_retries_total{type="order",step="charge"} 0',
      'backstep_compensations_total{type="order",step="reserve",outcome="failed"} 0',
    ];
    expect(await scraped()).toEqual(expect.arrayContaining(counters));
    await own.settledOrder('o-1');
    const after = await scraped();
    const [starts = '', ...others] = counters;
    expect(after).toEqual(expect.arrayContaining([starts.replace(/0$/, '1'), ...others]));
    expect(after.filter((line) => line.startsWith('backstep_step_retries_total{'))).toHaveLength(2);
    await own.dispose();
  });

  it('tells what is under way, and since when nothing moved', async () => {
    const waits = Promise.withResolvers<{ readonly receipt: string }>();
    const begun = Promise.withResolvers<void>();
    const own = await openFixture({
      activities: {
        reserve: () => {
          begun.resolve();
          return waits.promise as never;
        },
      },
    });
    const { id } = await own.backstep.spawn('order', { input: { orderId: 'o-1', quantity: 1 } });
    await begun.promise;
    const text = await (await own.send('GET', '/metrics')).text();
    expect(text).toContain('backstep_sagas_under_way{type="order",status="running"} 1\n');
    expect(text).toMatch(/^backstep_oldest_unmoved_seconds\{type="order"\} \d/m);
    waits.resolve({ receipt: 'r' });
    await own.backstep.saga(id).settled({ within: 10_000 });
    const later = await (await own.send('GET', '/metrics')).text();
    expect(later).not.toContain('backstep_oldest_unmoved_seconds{');
    await own.dispose();
  });
});

describe('the dashboard for Grafana', () => {
  const Dashboard = z.object({
    title: z.string(),
    panels: z.array(
      z.object({
        title: z.string(),
        description: z.string().min(20),
        targets: z.array(z.object({ expr: z.string() })).min(1),
      }),
    ),
  });
  const file = new URL('../../../public/grafana/backstep.json', import.meta.url);
  const { panels } = Dashboard.parse(JSON.parse(readFileSync(file, 'utf8')));

  it('has a panel for each question of the night, and no more', () => {
    expect(panels.length).toBeGreaterThanOrEqual(8);
    expect(panels.length).toBeLessThanOrEqual(14);
  });

  it('asks only for metrics that a server serves, or would once it has something to count', () => {
    const asked = new Set(
      panels.flatMap(({ targets }) =>
        targets.flatMap(({ expr }) => expr.match(/\bbackstep_\w+/g) ?? []),
      ),
    );
    const served = new Set([...namesOf(lines), ...ONLY_ONCE_COUNTED]);
    const unknown = [...asked].filter(
      (name) => !served.has(name) && !served.has(name.replace(/_(bucket|sum|count)$/, '')),
    );
    expect(asked.size).toBeGreaterThan(10);
    expect(unknown).toEqual([]);
  });
});

/** Names that this file's scrape lacks, since nothing of it happened; each is made in type-metrics.ts. */
const ONLY_ONCE_COUNTED = [
  'backstep_step_retries_total',
  'backstep_step_timeouts_total',
  'backstep_step_doubts_total',
  'backstep_step_interruptions_total',
  'backstep_sagas_under_way',
  'backstep_oldest_unmoved_seconds',
  'backstep_start_queue',
  'backstep_starts_scheduled',
];

describe('the text for Prometheus', () => {
  it('has labels that any name may stand in', () => {
    const samples = [{ labels: { type: 'a "b"\\\nc' }, value: 1 }];
    const text = prometheusText([{ name: 'any', kind: 'gauge', help: 'Any', samples }]);
    expect(text).toBe('# HELP any Any\n# TYPE any gauge\nany{type="a \\"b\\"\\\\\\nc"} 1\n');
  });

  it('leaves out what has no value', () => {
    expect(prometheusText([{ name: 'none', kind: 'gauge', help: 'None', samples: [] }])).toBe('');
  });
});

describe('what is read of the database', () => {
  function slowly(tookMs: number, result: () => Promise<number> = async () => 1) {
    let nowMs = 0;
    let reads = 0;
    async function look(): Promise<number> {
      reads += 1;
      nowMs += tookMs;
      return result();
    }
    const none = async () => [];
    const read = {
      inboxFigures: none,
      startQueues: none,
      gauges: {
        notEnded: none,
        endedWithin: none,
        lastSid: async () => 0,
        lastEndMs: async () => 0,
        rangesEndedSince: none,
        underWay: none,
        longestUnmoved: none,
        openLetters: none,
        waitingMessages: look,
        size: none,
      },
    } as unknown as ReadModels;
    const now = storeGaugesOf(read, sagaCounterOf(read.gauges), () => nowMs);
    return { now, reads: () => reads, pass: (ms: number) => (nowMs += ms) };
  }

  it('is read at each scrape while that is quick', async () => {
    const { now, reads } = slowly(19);
    await now();
    await now();
    expect(reads()).toBe(2);
  });

  it('is read again only after a hundred times as long, where it is slow', async () => {
    const { now, reads, pass } = slowly(50);
    await now();
    pass(4_999);
    expect((await now()).messages).toBe(1);
    expect(reads()).toBe(1);
    pass(1);
    await now();
    expect(reads()).toBe(2);
  });

  it('is read once for two scrapes at a time', async () => {
    const { now, reads } = slowly(1);
    await Promise.all([now(), now()]);
    expect(reads()).toBe(1);
  });

  it('is left out where it cannot be read, and counted', async () => {
    const { now } = slowly(1, () => Promise.reject(new Error('the database is away')));
    expect((await now()).messages).toBeNull();
  });
});

function namesOf(text: readonly string[]): ReadonlySet<string> {
  return new Set(
    text.flatMap((line) => (line.startsWith('# TYPE ') ? [line.split(' ')[2] ?? ''] : [])),
  );
}

function valueOf(series: string): number {
  const line = lines.find((each) => each.startsWith(`${series} `));
  return Number(line?.split(' ').at(-1) ?? Number.NaN);
}
