/**
 * A laid out statechart as the shapes of an SVG, with lit states, and lit transitions where a way
 * through it is told.
 *
 * Pure. How the shapes look is a stylesheet's: that of the page, or that of a picture of its own.
 */
import type { ElkExtendedEdge, ElkNode, ElkPoint } from 'elkjs/lib/elk-api.js';
import { html } from 'hono/html';
import type { Light } from '../explain/chart-lights.ts';
import { type Chart, type ChartState, type ChartTransition, statesIn } from '../explain/chart.ts';
import { CHART_SIZES, hasNote, labelLines, shortened, startId, stateLines } from './chart-graph.ts';

/** A chart and where it is drawn. */
export interface LaidChart {
  readonly chart: Chart;
  readonly graph: ElkNode;
}

/** What is lit. */
export interface Lights {
  /** By id of a state. */
  readonly states: ReadonlyMap<string, Light>;
  /** Ids of transitions. */
  readonly transitions: ReadonlySet<string>;
}

/** Where parts of the chart are closed or can be. */
export interface Folding {
  /** By path of a state. */
  readonly folds: ReadonlyMap<string, 'open' | 'closed'>;
  /** For the ids of hidden states: the id of the state that stands for each. */
  readonly standIns: ReadonlyMap<string, string>;
  /** Address of the drawing with the state at a path opened or closed. */
  readonly toggled: (path: string) => string;
}

/** All of it is drawn, and nothing can be closed. */
const UNFOLDED: Folding = { folds: new Map(), standIns: new Map(), toggled: () => '' };

type Html = ReturnType<typeof html>;

/** How each light is told to those who do not see colours. */
export const LIGHT_LOOKS: Readonly<
  Record<Light, { readonly icon: string; readonly words: string }>
> = {
  active: { icon: '▶', words: 'active' },
  done: { icon: '✓', words: 'done' },
  failed: { icon: '✗', words: 'failed' },
  in_doubt: { icon: '?', words: 'in doubt' },
  compensated: { icon: '↶', words: 'compensated' },
  skipped: { icon: '»', words: 'skipped' },
  visited: { icon: '·', words: 'was there' },
};

/** The room that a drawing takes, in pixels. */
export function sizeOf({ graph: { width = 0, height = 0 } }: LaidChart) {
  return { width: Math.ceil(width), height: Math.ceil(height) };
}

/** The shapes, for an `svg` element. */
export function chartShapes(
  { graph, chart }: LaidChart,
  lights: Lights,
  folding: Folding = UNFOLDED,
): Html {
  const boxes = new Map(nodesIn(graph).map((node) => [node.id, node]));
  const transitions = new Map(chart.transitions.map((each) => [each.id, each]));
  const states = statesIn(chart.root).slice(1);
  const edges = graph.edges ?? [];
  const isLit = ({ id }: ElkExtendedEdge): boolean => lights.transitions.has(id);
  return html`<defs>
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
    ${states.map((state) => stateShape({ state, lights, folding }, boxes.get(state.id)))}
    ${[chart.root, ...states].map((state) => startDot(boxes.get(startId(state))))}
    ${edges.map((edge) => edgeLine(edge, transitions.get(edge.id), isLit(edge)))}
    ${edges.map((edge) => edgeLabel(edge, transitions.get(edge.id)))}`;
}

function nodesIn(node: ElkNode): readonly ElkNode[] {
  return [node, ...(node.children ?? []).flatMap(nodesIn)];
}

interface Shown {
  readonly state: ChartState;
  readonly lights: Lights;
  readonly folding: Folding;
}

function stateShape({ state, lights, folding }: Shown, box: ElkNode | undefined): Html | string {
  if (box === undefined) return '';
  const light = lights.states.get(state.id);
  const fold = folding.folds.get(state.path);
  const holds = [...folding.standIns].filter(([, id]) => id === state.id).map(([id]) => id);
  const { x = 0, y = 0, width = 0, height = 0 } = box;
  const { padding, titleHeight, lineHeight } = CHART_SIZES;
  const left = x + padding;
  const lines = stateLines(state);
  return html`<g
    class="state is-${state.type}"
    data-state="${state.id}"
    data-light="${light ?? ''}"
    data-holds="${JSON.stringify(holds)}"
  >
    <title>${state.path}${state.tags.length === 0 ? '' : ` (${state.tags.join(', ')})`}</title>
    <rect x="${x}" y="${y}" width="${width}" height="${height}" rx="6" />
    ${stateName(state.name, fold, folding.toggled(state.path), left, y + titleHeight)}
    <text class="light-icon" x="${x + width - padding}" y="${y + titleHeight}" text-anchor="end">
      ${light === undefined ? '' : LIGHT_LOOKS[light].icon}
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

function edgeLine(
  edge: ElkExtendedEdge,
  transition: ChartTransition | undefined,
  isLit: boolean,
): Html {
  return html`${(edge.sections ?? []).map(
    ({ startPoint, bendPoints = [], endPoint }) =>
      html`<path
        class="edge is-${transition?.ways[0]?.trigger.kind ?? 'start'}${isLit ? ' is-way' : ''}"
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
