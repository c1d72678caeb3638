/**
 * Lines over time as SVG without any script: up to three series, each with a dash of its own beside
 * its colour, bands behind them, and the figures of now in words.
 */
import { html } from 'hono/html';
import type { Html } from './html.ts';

const WIDTH = 300;
const HEIGHT = 100;
const TOP = 4;

export interface Series {
  readonly name: string;
  /** The oldest first; `null`: nothing was measured. */
  readonly values: readonly (number | null)[];
}

export interface LineChart {
  readonly title: string;
  /** What one reads from it. */
  readonly hint: string;
  readonly series: readonly Series[];
  /** Places on the time axis, one for each value and more where nothing was sampled yet. */
  readonly places: number;
  /** Which values lie in a band. */
  readonly bands: readonly boolean[];
  readonly inWords: (value: number) => string;
  /** Such as "5 min". */
  readonly span: string;
}

/** The chart. */
export function lineChart(chart: LineChart): Html {
  const { title, hint, series, inWords, span } = chart;
  const highest = Math.max(0, ...series.flatMap(({ values }) => values.filter(isMeasured)));
  const nowOf = ({ values }: Series): string => {
    const last = values.at(-1) ?? null;
    return last === null ? '–' : inWords(last);
  };
  const spoken = series.map((one) => `${one.name} ${nowOf(one)}`).join(', ');
  return html`<figure class="graph">
    <figcaption>
      <b>${title}</b> <span class="quiet">${hint}</span>
      <ul class="legend">
        ${series.map(
          (one, index) =>
            html`<li class="series-${index}">
              <svg viewBox="0 0 24 4" aria-hidden="true"><path d="M0 2H24" /></svg>
              ${one.name} <b>${nowOf(one)}</b>
            </li>`,
        )}
      </ul>
    </figcaption>
    <svg
      class="plot"
      viewBox="0 0 ${WIDTH} ${HEIGHT}"
      preserveAspectRatio="none"
      role="img"
      aria-label="${title}, last ${span}: now ${spoken}; at most ${inWords(highest)}"
    >
      ${bandsOf(chart).map(
        ([from, to]) =>
          html`<rect class="band" x="${from}" y="0" width="${to - from}" height="${HEIGHT}" />`,
      )}
      <path class="base" d="M0 ${HEIGHT - 1}H${WIDTH}" />
      ${series.map(
        (one, index) =>
          html`<path class="series-${index}" d="${pathOf(one.values, chart.places, highest)}" />`,
      )}
    </svg>
    <p class="axis quiet">
      <span>${span} ago</span> <span>top: ${inWords(highest)}</span> <span>now</span>
    </p>
  </figure>`;
}

function isMeasured(value: number | null): value is number {
  return value !== null;
}

/** Values stand at the right end: what was not sampled yet is empty. */
function xOf(index: number, count: number, places: number): number {
  return Math.round(((places - count + index) * WIDTH) / Math.max(1, places - 1));
}

function pathOf(values: readonly (number | null)[], places: number, highest: number): string {
  let path = '';
  let isDown = false;
  values.forEach((value, index) => {
    if (value === null) {
      isDown = false;
      return;
    }
    const share = highest === 0 ? 0 : value / highest;
    const y = Math.round(HEIGHT - 1 - share * (HEIGHT - 1 - TOP));
    const point = `${xOf(index, values.length, places)} ${y}`;
    // A point alone is drawn as a dot: a line to itself with a round end.
    path += isDown ? `L${point}` : `M${point}L${point}`;
    isDown = true;
  });
  return path;
}

/** Stretches of values in a band, from and to. */
function bandsOf({ bands, places }: LineChart): readonly (readonly [number, number])[] {
  const found: [number, number][] = [];
  bands.forEach((isIn, index) => {
    if (!isIn) return;
    const from = xOf(Math.max(0, index - 1), bands.length, places);
    const to = xOf(index, bands.length, places);
    const last = found.at(-1);
    if (last !== undefined && last[1] >= from) last[1] = to;
    else found.push([from, Math.max(to, from + 1)]);
  });
  return found;
}
