/**
 * A small line of figures over time, as SVG without any script; read aloud as one sentence.
 */
import { html } from 'hono/html';
import type { Html } from './html.ts';

const WIDTH = 240;
const HEIGHT = 48;
const PADDING = 3;

export interface Sparkline {
  readonly title: string;
  /** The oldest first; `null`: nothing was measured. */
  readonly values: readonly (number | null)[];
  /** A value as people read it. */
  readonly inWords: (value: number) => string;
  /** Such as "last 5 minutes". */
  readonly span: string;
}

/** The line, the last value and the highest one. */
export function sparkline({ title, values, inWords, span }: Sparkline): Html {
  const measured = values.filter((value) => value !== null);
  const highest = Math.max(0, ...measured);
  const last = values.at(-1) ?? null;
  const now = last === null ? 'none just now' : inWords(last);
  const text = `${title}, ${span}: ${now}, at most ${inWords(highest)}`;
  return html`<figure class="spark">
    <figcaption>${title} <b>${now}</b></figcaption>
    <svg
      viewBox="0 0 ${WIDTH} ${HEIGHT}"
      preserveAspectRatio="none"
      role="img"
      aria-label="${text}"
    >
      <line class="base" x1="0" y1="${HEIGHT - 1}" x2="${WIDTH}" y2="${HEIGHT - 1}" />
      ${lines(values, highest).map((points) => html`<polyline class="${points.length === 1 ? 'dot' : ''}" points="${lineOf(points)}" />`)}
    </svg>
    <p class="quiet">${span}, at most ${inWords(highest)}</p>
  </figure>`;
}

/** One line per stretch that was measured. */
function lines(
  values: readonly (number | null)[],
  highest: number,
): readonly (readonly string[])[] {
  const found: string[][] = [[]];
  values.forEach((value, index) => {
    if (value === null) found.push([]);
    else found.at(-1)?.push(pointOf(value, index, values.length, highest));
  });
  return found.filter((points) => points.length > 0);
}

// A single point would not be seen.
function lineOf(points: readonly string[]): string {
  return points.length === 1 ? `${points[0]} ${points[0]}` : points.join(' ');
}

function pointOf(value: number, index: number, count: number, highest: number): string {
  const x = (index * WIDTH) / Math.max(1, count - 1);
  const y = HEIGHT - PADDING - (highest === 0 ? 0 : (value / highest) * (HEIGHT - 2 * PADDING));
  return `${x.toFixed(1)},${y.toFixed(1)}`;
}
