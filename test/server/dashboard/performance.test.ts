/** What the performance page is made of: samples of real counters, told as charts and metrics. */
import { afterEach, describe, expect, it } from 'vitest';
import { LiveClients } from '../../../src/server/live/live-clients.ts';
import {
  MAX_SAMPLES,
  PerformanceRecorder,
} from '../../../src/server/dashboard/performance/performance-recorder.ts';
import { lineChart } from '../../../src/server/dashboard/frame/line-chart.ts';
import { openFixture, type HttpFixture } from '../http-fixture.ts';

let http: HttpFixture;
afterEach(() => http?.dispose());

describe('a sample', () => {
  it('tells what happened since the one before, and nothing of what was before that', async () => {
    http = await openFixture({ onDisk: true });
    let nowMs = 0;
    let active = false;
    const recorder = new PerformanceRecorder({
      backstep: http.backstep,
      clients: new LiveClients(),
      extensions: [{ name: 'faults', isDisturbed: () => active }],
      nowMs: () => nowMs,
    });
    for (const order of ['a', 'b', 'c', 'd']) await http.settledOrder(order);
    nowMs = 2_000;
    recorder.sample();
    active = true;
    nowMs = 4_000;
    recorder.sample();
    const [busy, quiet] = recorder.samples();
    expect(busy).toMatchObject({
      settledPerSecond: 2,
      startedPerSecond: 2,
      mailboxItems: 0,
      isDisturbed: false,
    });
    // Three turns each; the first waits for nobody.
    expect(busy?.turnsPerSecond).toBe(6);
    for (const value of [busy?.stepP50Ms, busy?.commitP50Ms, busy?.queueP99Ms]) {
      expect(value).toBeGreaterThan(0);
    }
    expect(busy?.turnsPerBatch).toBeGreaterThanOrEqual(1);
    expect(quiet).toMatchObject({
      settledPerSecond: 0,
      stepP50Ms: null,
      commitP99Ms: null,
      turnsPerBatch: null,
      isDisturbed: true,
    });
  });

  it('is kept for a while only', async () => {
    http = await openFixture();
    const recorder = new PerformanceRecorder({
      backstep: http.backstep,
      clients: new LiveClients(),
      extensions: [],
      nowMs: Date.now,
    });
    for (let index = 0; index < MAX_SAMPLES + 5; index += 1) recorder.sample();
    expect(recorder.samples()).toHaveLength(MAX_SAMPLES);
  });
});

describe('a chart', () => {
  const chart = {
    title: 'Steps',
    hint: '',
    places: 5,
    bands: [false, true, true],
    inWords: (value: number) => `${value} ms`,
    span: '5 min',
  };

  it('is told in words, leaves gaps open, and shades the time of faults', async () => {
    const series = [
      { name: 'median', values: [1, null, 4] },
      { name: 'worst', values: [2, null, 8] },
    ];
    const svg = String(await lineChart({ ...chart, series }));
    expect(svg).toContain(
      'aria-label="Steps, last 5 min: now median 4 ms, worst 8 ms; at most 8 ms"',
    );
    // The newest value stands at the right end; the gap begins a new stretch.
    expect(svg).toContain('d="M150 87L150 87M300 52L300 52"');
    expect(svg).toContain('<rect class="band" x="150" y="0" width="150"');
  });

  it('of nothing says so', async () => {
    const svg = String(
      await lineChart({ ...chart, bands: [], series: [{ name: 'a', values: [] }] }),
    );
    expect(svg).toContain('now a –');
    expect(svg).not.toContain('NaN');
  });
});
