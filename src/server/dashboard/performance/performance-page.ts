/**
 * `/performance`: how fast the engine is, what waits where, and whether faults were on meanwhile.
 */
import { html } from 'hono/html';
import { region } from '../../live/page-region.ts';
import type { Page } from '../../page.ts';
import {
  MAX_SAMPLES,
  type PerformanceRecorder,
  type PerformanceSample,
  SAMPLE_MS,
} from './performance-recorder.ts';
import type { Html } from '../frame/html.ts';
import { pageHead } from '../frame/layout.ts';
import { lineChart } from '../frame/line-chart.ts';

interface ChartSpec {
  readonly id: string;
  readonly title: string;
  readonly hint: string;
  readonly series: readonly (readonly [
    name: string,
    value: (sample: PerformanceSample) => number | null,
  ])[];
  readonly inWords: (value: number) => string;
}

const SPAN = `${(MAX_SAMPLES * SAMPLE_MS) / 60_000} min`;

const CHARTS: readonly ChartSpec[] = [
  {
    id: 'sagas',
    title: 'Sagas per second',
    hint: 'started, and settled: ended or waiting for a person',
    series: [
      ['settled', (sample) => sample.settledPerSecond],
      ['started', (sample) => sample.startedPerSecond],
    ],
    inWords: perSecond,
  },
  {
    id: 'steps',
    title: 'Step latency',
    hint: 'one attempt of an activity, from dispatch to answer',
    series: [
      ['median', (sample) => sample.stepP50Ms],
      ['95 %', (sample) => sample.stepP95Ms],
      ['99 %', (sample) => sample.stepP99Ms],
    ],
    inWords: milliseconds,
  },
  {
    id: 'commits',
    title: 'Commit latency',
    hint: 'one batch at the writer, sync to disk included',
    series: [
      ['median', (sample) => sample.commitP50Ms],
      ['99 %', (sample) => sample.commitP99Ms],
    ],
    inWords: milliseconds,
  },
  {
    id: 'batches',
    title: 'Turns per batch',
    hint: 'how many turns share one sync to disk',
    series: [['turns', (sample) => sample.turnsPerBatch]],
    inWords: plain,
  },
  {
    id: 'mailboxes',
    title: 'Mailbox depth',
    hint: 'events, results and timers that wait for their saga',
    series: [
      ['in all', (sample) => sample.mailboxItems],
      ['in the fullest', (sample) => sample.deepestMailbox],
      ['attempts in line', (sample) => sample.activitiesWaiting],
    ],
    inWords: plain,
  },
  {
    id: 'queue',
    title: 'Queue age',
    hint: 'how long a turn waited for its batch, 99 of 100 at most',
    series: [['99 %', (sample) => sample.queueP99Ms]],
    inWords: milliseconds,
  },
  {
    id: 'loop',
    title: 'Event-loop delay',
    hint: 'how late the process gets to anything',
    series: [
      ['99 %', (sample) => sample.loopP99Ms],
      ['worst', (sample) => sample.loopMaxMs],
    ],
    inWords: milliseconds,
  },
  {
    id: 'clients',
    title: 'Live clients',
    hint: 'open feeds and pages, and slow ones sent back to the journal',
    series: [
      ['open', (sample) => sample.clients],
      ['dropped', (sample) => sample.drops],
    ],
    inWords: plain,
  },
];

/** The page. */
export function createPerformancePage(recorder: PerformanceRecorder): Page {
  const group = {
    key: 'performance',
    minAgeMs: SAMPLE_MS,
    render: () => Promise.all(CHARTS.map((spec) => chartRegion(spec, recorder.samples()))),
  };
  return {
    path: '/performance',
    title: 'Performance',
    nav: 'Performance',
    groups: () => [group],
    content: (place) =>
      html`${pageHead(
          'Performance',
          html`The last ${SPAN} of this process, a sample every ${SAMPLE_MS / 1_000} seconds.
            Shaded: something stood in the banner of every page, such as faults switched on. The
            same figures for machines: <a href="/metrics">/metrics</a>,
            <a href="/api/stats">/api/stats</a>.`,
        )}
        <div class="graphs">${CHARTS.map(({ id }) => chartPlace(id, place))}</div>`,
  };
}

function chartPlace(id: string, place: (id: string) => Html): Html {
  return html`<section id="chart-${id}">${place(`chart-${id}`)}</section>`;
}

function chartRegion(
  { id, title, hint, series, inWords }: ChartSpec,
  samples: readonly PerformanceSample[],
): ReturnType<typeof region> {
  return region(
    `chart-${id}`,
    lineChart({
      title,
      hint,
      series: series.map(([name, valueOf]) => ({ name, values: samples.map(valueOf) })),
      places: MAX_SAMPLES,
      bands: samples.map(({ isDisturbed }) => isDisturbed),
      inWords,
      span: SPAN,
    }),
  );
}

function milliseconds(value: number): string {
  if (value >= 1_000) return `${(value / 1_000).toFixed(1)} s`;
  return `${value >= 10 ? Math.round(value) : value.toFixed(1)} ms`;
}

function perSecond(value: number): string {
  return `${value >= 10 ? Math.round(value) : value.toFixed(1)} /s`;
}

function plain(value: number): string {
  return value >= 10 || Number.isInteger(value) ? String(Math.round(value)) : value.toFixed(1);
}
