/**
 * A laid out statechart as SVG, and its lit states as a list: for screen readers, and for the page's
 * script, which lights the drawing by it.
 *
 * Pure. The drawing of a definition never changes; only the list is sent again.
 */
import type { ElkExtendedEdge, ElkNode, ElkPoint } from 'elkjs/lib/elk-api.js';
import { html } from 'hono/html';
import type { Light, LitState } from '../../../explain/chart-lights.ts';
import { type ChartState, type ChartTransition, statesIn } from '../../../explain/chart.ts';
import { CHART_SIZES, hasNote, labelLines, shortened, startId, stateLines } from './chart-graph.ts';
import type { LaidChart } from './chart-layout.ts';
import type { ChartLook } from './chart-look.ts';
import { countdown, type Html } from '../frame/html.ts';

const LOOKS: Readonly<Record<Light, { readonly icon: string; readonly words: string }>> = {
  active: { icon: '▶', words: 'active' },
  done: { icon: '✓', words: 'done' },
  failed: { icon: '✗', words: 'failed' },
  in_doubt: { icon: '?', words: 'in doubt' },
  compensated: { icon: '↶', words: 'compensated' },
  skipped: { icon: '»', words: 'skipped' },
  visited: { icon: '·', words: 'was there' },
};

/** The drawing in its frame, with the ways to look at it otherwise. */
export function chartFrame(
  laid: LaidChart,
  look: ChartLook,
  lit: readonly LitState[],
  label: string,
): Html {
  const isFolded = laid.canFold && !look.isWhole;
  const other = isFolded ? 'The whole machine' : 'Steps only';
  return html`<div class="chart-looks">
      <label class="fit ${isFolded ? 'is-folded' : ''}"
        ><input type="checkbox" /> ${isFolded ? 'Larger' : 'Fit to the width'}</label
      >
      ${laid.canFold ? html`<a href="${look.otherKind}">${other}</a>` : ''}
    </div>
    <div
      class="scroll chart ${isFolded ? 'is-folded' : ''}"
      role="region"
      aria-label="${label}"
      tabindex="0"
    >
      ${chartSvg(laid, look, lit, label)}
    </div>`;
}

/** The drawing, lit; `label` says what it shows. */
export function chartSvg(
  laid: LaidChart,
  look: ChartLook,
  lit: readonly LitState[],
  label: string,
): Html {
  const { graph, chart } = laid;
  const { width = 0, height = 0 } = graph;
  const lights = new Map(lit.map((each) => [each.id, each]));
  const boxes = new Map(nodesIn(graph).map((node) => [node.id, node]));
  const transitions = new Map(chart.transitions.map((each) => [each.id, each]));
  const states = statesIn(chart.root).slice(1);
  return html`<svg
    id="chart"
    role="group"
    aria-label="${label}"
    width="${Math.ceil(width)}"
    height="${Math.ceil(height)}"
    viewBox="0 0 ${Math.ceil(width)} ${Math.ceil(height)}"
  >
    <defs>
      <marker
        id="arrow"
        viewBox="0 0 8 8"
        refX="7"
        refY="4"
        markerWidth="7"
        markerHeight="7"
        orient="auto-start-reverse"
      >
        <path d="M0 0 L8 4 L0 8 z" class="arrow" />
      </marker>
    </defs>
    ${states.map((state) => stateShape({ state, laid, look, lights }, boxes.get(state.id)))}
    ${[chart.root, ...states].map((state) => startDot(boxes.get(startId(state))))}
    ${(graph.edges ?? []).map((edge) => edgeLine(edge, transitions.get(edge.id)))}
    ${(graph.edges ?? []).map((edge) => edgeLabel(edge, transitions.get(edge.id)))}
  </svg>`;
}

/** The lit states in words. */
export function litList(lit: readonly LitState[]): Html {
  return html`<ul class="lit">
    ${lit.map(
      (state) =>
        html`<li data-state="${state.id}" data-light="${state.light}">
          <span class="icon" aria-hidden="true">${LOOKS[state.light].icon}</span>
          <code>${state.path}</code> <span>${LOOKS[state.light].words}</span>
          <span class="note-text">${noteOf(state)}</span>
        </li>`,
    )}
  </ul>`;
}

/** What is under way in a state; the page's script counts down, and copies it into the drawing. */
function noteOf({ attempt, dueMs }: LitState): Html {
  const parts = [
    ...(attempt === null ? [] : [html`attempt ${attempt}`]),
    ...(dueMs === null ? [] : [countdown(dueMs)]),
  ];
  return html`${parts.map((part, index) => html`${index === 0 ? '' : ', '}${part}`)}`;
}

function nodesIn(node: ElkNode): readonly ElkNode[] {
  return [node, ...(node.children ?? []).flatMap(nodesIn)];
}

interface Shown {
  readonly state: ChartState;
  readonly laid: LaidChart;
  readonly look: ChartLook;
  readonly lights: ReadonlyMap<string, LitState>;
}

function stateShape({ state, laid, look, lights }: Shown, box: ElkNode | undefined): Html | string {
  if (box === undefined) return '';
  const lit = lights.get(state.id);
  const fold = laid.folds.get(state.path);
  const holds = [...laid.standIns].filter(([, id]) => id === state.id).map(([id]) => id);
  const { x = 0, y = 0, width = 0, height = 0 } = box;
  const { padding, titleHeight, lineHeight } = CHART_SIZES;
  const left = x + padding;
  const lines = stateLines(state);
  return html`<g
    class="state is-${state.type}"
    data-state="${state.id}"
    data-light="${lit?.light ?? ''}"
    data-holds="${JSON.stringify(holds)}"
  >
    <title>${state.path}${state.tags.length === 0 ? '' : ` (${state.tags.join(', ')})`}</title>
    <rect x="${x}" y="${y}" width="${width}" height="${height}" rx="6" />
    ${stateName(state.name, fold, look.toggled(state.path), left, y + titleHeight)}
    <text class="light-icon" x="${x + width - padding}" y="${y + titleHeight}" text-anchor="end">
      ${lit === undefined ? '' : LOOKS[lit.light].icon}
    </text>
    ${lines.map(
      (line, index) =>
        html`<text class="line" x="${left}" y="${y + titleHeight + (index + 1) * lineHeight}">
          ${line}
        </text>`,
    )}
    ${
      hasNote(state)
        ? html`<text
            class="line note-text"
            x="${left}"
            y="${y + titleHeight + (lines.length + 1) * lineHeight}"
          ></text>`
        : ''
    }
  </g>`;
}

/** A state that can be opened or closed is a link that does so. */
function stateName(
  name: string,
  fold: 'open' | 'closed' | undefined,
  href: string,
  x: number,
  y: number,
): Html {
  const text = (icon: string): Html =>
    html`<text class="name" x="${x}" y="${y}">${icon}${name}</text>`;
  if (fold === undefined) return text('');
  const [icon, verb] = fold === 'closed' ? ['+ ', 'Open'] : ['− ', 'Close'];
  return html`<a href="${href}" aria-label="${verb} ${name}">${text(icon)}</a>`;
}

function startDot(box: ElkNode | undefined): Html | string {
  if (box === undefined) return '';
  const radius = CHART_SIZES.start / 2;
  return html`<circle
    class="start"
    cx="${(box.x ?? 0) + radius}"
    cy="${(box.y ?? 0) + radius}"
    r="${radius}"
  />`;
}

function edgeLine(edge: ElkExtendedEdge, transition: ChartTransition | undefined): Html {
  return html`${(edge.sections ?? []).map(
    ({ startPoint, bendPoints = [], endPoint }) =>
      html`<path
        class="edge is-${transition?.ways[0]?.trigger.kind ?? 'start'}"
        d="${pathOf([startPoint, ...bendPoints, endPoint])}"
        marker-end="url(#arrow)"
      />`,
  )}`;
}

function pathOf(points: readonly ElkPoint[]): string {
  return points.map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${x} ${y}`).join(' ');
}

function edgeLabel(
  { labels = [] }: ElkExtendedEdge,
  transition: ChartTransition | undefined,
): Html | string {
  const [box] = labels;
  if (box === undefined || transition === undefined) return '';
  const { x = 0, y = 0 } = box;
  const lines = labelLines(transition);
  return html`<text class="label">
    <title>${lines.join('\n')}</title>
    ${lines.map(
      (line, index) =>
        html`<tspan x="${x}" y="${y + (index + 0.8) * CHART_SIZES.labelHeight}"
          >${shortened(line)}</tspan
        >`,
    )}
  </text>`;
}
