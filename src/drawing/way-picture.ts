/**
 * A finding of `verify` as a picture of its own: the statechart with the way to it lit, and beside
 * it what it means, turn by turn.
 *
 * elkjs, which is large, is loaded with the first picture.
 */
import { html } from 'hono/html';
import type { SagaDefinition } from '../core/define/definition.ts';
import type { Light } from '../explain/chart-lights.ts';
import { type Chart, chartOf, statesIn } from '../explain/chart.ts';
import type { Finding } from '../verify/findings.ts';
import { graphOf } from './chart-graph.ts';
import { chartShapes, type LaidChart, type Lights, sizeOf } from './chart-shapes.ts';

const STYLE = `
  svg { background: #fff; font: 13px system-ui, sans-serif; }
  .state rect { fill: #fff; stroke: #c9ced6; stroke-width: 1.5; }
  .state.is-compound > rect, .state.is-parallel > rect { fill: #f7f8fa; }
  .state.is-parallel > rect { stroke-dasharray: 6 4; }
  .state.is-final > rect { stroke-width: 4; }
  .state .name { font-weight: 600; }
  .line, .label { fill: #5b6472; font-size: 11px; }
  .label { paint-order: stroke; stroke: #fff; stroke-width: 3px; }
  .edge { fill: none; stroke: #b4bac4; stroke-width: 1.2; }
  .edge.is-failed, .edge.is-timer { stroke-dasharray: 5 3; }
  .edge.is-command { stroke-dasharray: 2 3; }
  .edge.is-way { stroke: #b3261e; stroke-width: 3; }
  .arrow, .start { fill: #5b6472; }
  .state[data-light='visited'] > rect { stroke: #1f5fbf; stroke-width: 2.5; fill: #eaf1fc; }
  .state[data-light='failed'] > rect { stroke: #b3261e; stroke-width: 3.5; fill: #fdecea; }
  .told { fill: #1b1f24; }
  .told.is-first { font-weight: 600; font-size: 15px; }
`;

const MARGIN = 20;
const LINE_HEIGHT = 19;
const MIN_WIDTH = 760;
/** Of a character of the text above the drawing, in pixels. */
const CHAR_WIDTH = 7.2;

/** Lays out the chart of a saga, once for all of its findings. */
export async function layOut(definition: SagaDefinition): Promise<LaidChart> {
  const { default: elk } = await import('elkjs/lib/elk.bundled.js');
  const chart = chartOf(definition);
  return { chart, graph: await new elk.default().layout(graphOf(chart)) };
}

/** The picture, as the text of an SVG file. */
export function wayPicture(laid: LaidChart, saga: string, finding: Finding): string {
  const size = sizeOf(laid);
  const width = Math.max(size.width, MIN_WIDTH) + 2 * MARGIN;
  const lines = linesOf(saga, finding, Math.floor((width - 2 * MARGIN) / CHAR_WIDTH));
  const top = MARGIN + lines.length * LINE_HEIGHT + MARGIN;
  const height = top + size.height + MARGIN;
  const title = `${saga}: ${finding.customer}`;
  const picture = html`<svg
    xmlns="http://www.w3.org/2000/svg"
    role="img"
    aria-label="${title}"
    width="${width}"
    height="${height}"
    viewBox="0 0 ${width} ${height}"
  >
    <title>${title}</title>
    <style>
      ${STYLE}
    </style>
    ${lines.map(
      (line, index) =>
        html`<text
          class="told ${index === 0 ? 'is-first' : ''}"
          x="${MARGIN}"
          y="${MARGIN + (index + 1) * LINE_HEIGHT - 5}"
        >
          ${line}
        </text>`,
    )}
    <g transform="translate(${MARGIN} ${top})">
      ${chartShapes(laid, lightsOf(laid.chart, finding))}
    </g>
  </svg>`;
  return `${picture as string}\n`; // nothing in it has to be waited for
}

/** The states that the way comes by, the last one as where it goes wrong, and what it takes. */
function lightsOf({ root, transitions }: Chart, { way }: Finding): Lights {
  const states = new Map<string, Light>();
  const byPath = new Map(statesIn(root).map(({ path, id }) => [path, id]));
  for (const [index, { state }] of way.entries()) {
    for (const whole of state.split(' + ')) {
      const keys = whole.split('.');
      for (const depth of keys.keys()) {
        const id = byPath.get(keys.slice(0, depth + 1).join('.'));
        const isEnd = index === way.length - 1 && depth === keys.length - 1;
        if (id !== undefined) states.set(id, isEnd ? 'failed' : (states.get(id) ?? 'visited'));
      }
    }
  }
  const taken = new Set(way.flatMap(({ takes }) => takes));
  const lit = transitions.filter(({ from, to }) => taken.has(`${from} → ${to}`));
  return { states, transitions: new Set(lit.map(({ id }) => id)) };
}

function linesOf(saga: string, finding: Finding, width: number): readonly string[] {
  const { code, severity, customer, what, cure, way } = finding;
  const turns = way.map(({ event, state }, index) => `${index + 1}. ${event} → ${state}`);
  return [
    `${saga}: ${severity}, ${code.replaceAll('-', ' ')}`,
    ...wrapped(customer, width),
    ...wrapped(what, width),
    ...wrapped(`Cure: ${cure}`, width),
    ...turns.flatMap((turn) => wrapped(turn, width)),
  ];
}

function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
