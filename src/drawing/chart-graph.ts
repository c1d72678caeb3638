/**
 * A chart as the graph that elkjs lays out: states as nodes within nodes, transitions as edges with
 * labels, all with the room that their text needs.
 *
 * Pure. Text is measured by its length: there is no font on a server, so a little room is to spare.
 */
import type { ElkExtendedEdge, ElkNode } from 'elkjs/lib/elk-api.js';
import type { Chart, ChartState, ChartTransition } from '../explain/chart.ts';
import type { TriggerKind } from '../explain/event-words.ts';

/** Sizes of the drawing, in pixels; the stylesheet has the same font sizes. */
export const CHART_SIZES = {
  titleHeight: 20,
  lineHeight: 16,
  padding: 10,
  labelHeight: 14,
  start: 10,
};
const TITLE_CHAR = 8.4;
const LINE_CHAR = 6.6;
const LABEL_CHAR = 6.2;
const MIN_WIDTH = 70;
const COLUMN_INSET = 14;
/** Beside the name, for the icon of a lit state. */
const ICON_WIDTH = 18;

/** Longest label of a transition; the whole text is its title. */
const MAX_LABEL_LENGTH = 42;

const OPTIONS = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.layered.compaction.postCompaction.strategy': 'EDGE_LENGTH',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
  'elk.layered.spacing.nodeNodeBetweenLayers': '20',
  'elk.spacing.nodeNode': '18',
  'elk.spacing.edgeNode': '14',
  'elk.spacing.edgeEdge': '10',
  'elk.spacing.edgeLabel': '4',
  'elk.edgeLabels.inline': 'false',
  'org.eclipse.elk.json.shapeCoords': 'ROOT',
  'org.eclipse.elk.json.edgeCoords': 'ROOT',
};

/** One state below the other as far as they can be, and close together: for narrow screens. */
const NARROW = {
  ...OPTIONS,
  'elk.layered.layering.strategy': 'COFFMAN_GRAHAM',
  'elk.layered.layering.coffmanGraham.layerBound': '1',
  'elk.layered.nodePlacement.strategy': 'LINEAR_SEGMENTS',
  'elk.layered.spacing.nodeNodeBetweenLayers': '14',
  'elk.spacing.nodeNode': '8',
  'elk.spacing.edgeNode': '6',
  'elk.spacing.edgeEdge': '4',
  'elk.spacing.edgeLabel': '2',
};

/**
 * Which transitions point down the page where not all can, the most wanted ones highest: the way
 * that things go by themselves, then what fails, then what people order.
 */
const DOWNWARD: Readonly<Record<TriggerKind, number>> = {
  start: 20,
  done: 10,
  always: 15,
  event: 5,
  failed: 3,
  timer: 1,
  command: 0,
};

/** The id of the dot that marks which inner state of a state is entered first. */
export function startId(state: ChartState): string {
  return `${state.id} start`;
}

/** The graph of a chart. The machine itself is not drawn: its states are the outermost. */
export function graphOf({ root, transitions }: Chart, shape: 'wide' | 'narrow' = 'wide'): ElkNode {
  const starts = startEdges(root);
  return {
    id: root.id,
    layoutOptions: shape === 'narrow' ? NARROW : OPTIONS,
    children: childrenOf(root),
    // From and to the machine itself there is nothing to draw a line to.
    edges: [...starts, ...transitions.filter(isDrawn(root)).map(edgeOf)],
  };
}

/** What a transition's line says, one way to take it in each line. */
export function labelLines({ ways }: ChartTransition): readonly string[] {
  const lines = ways.map(({ trigger, guard }) =>
    [trigger.short, guard === null ? '' : `[${guard}]`].filter((part) => part !== '').join(' '),
  );
  return [...new Set(lines)].filter((line) => line !== '');
}

/** A text as it fits into the drawing. */
export function shortened(text: string): string {
  return text.length > MAX_LABEL_LENGTH ? `${text.slice(0, MAX_LABEL_LENGTH - 1)}…` : text;
}

/** True for a state that has something to tell of while it is active: an attempt, a timer. */
export function hasNote({ calls, isTimed }: ChartState): boolean {
  return calls.length > 0 || isTimed;
}

/** What stands in a state below its name. */
export function stateLines({ calls, name }: ChartState): readonly string[] {
  return calls
    .filter(({ activity }) => activity !== name)
    .map(({ activity, direction }) =>
      direction === 'forward' ? `calls ${activity}` : `${DIRECTIONS[direction]} ${activity}`,
    );
}

const DIRECTIONS = { compensate: 'undoes by', probe: 'asks by' } as const;

function isDrawn(root: ChartState): (transition: ChartTransition) => boolean {
  return ({ from, to }) => from !== root.id && to !== root.id;
}

/** What there is to choose from stands in one column, however many there are. */
function columnOf(states: readonly ChartState[]): ElkNode {
  const { titleHeight, padding } = CHART_SIZES;
  const nodes = states.map(nodeOf);
  const width = Math.max(...nodes.map((node) => node.width ?? 0));
  let y = titleHeight + 2 * padding;
  const children = nodes.map((node) => {
    const placed = { ...node, width, x: COLUMN_INSET, y };
    y += (node.height ?? 0) + padding;
    return placed;
  });
  const layoutOptions = { 'elk.algorithm': 'fixed', 'elk.hierarchyHandling': 'SEPARATE_CHILDREN' };
  return { id: '', children, width: width + 2 * COLUMN_INSET, height: y + padding, layoutOptions };
}

function childrenOf(state: ChartState): ElkNode[] {
  const start = state.states.some(({ isInitial }) => isInitial)
    ? [{ id: startId(state), width: CHART_SIZES.start, height: CHART_SIZES.start }]
    : [];
  return [...start, ...state.states.map(nodeOf)];
}

function nodeOf(state: ChartState): ElkNode {
  if (state.type === 'choice') return { ...columnOf(state.states), id: state.id };
  const { titleHeight, lineHeight, padding } = CHART_SIZES;
  const { calls, isTimed } = state;
  const note = [calls.length > 0 ? ['attempt 10'] : [], isTimed ? ['in 10.0 s'] : []].flat();
  const lines = [...stateLines(state), ...(hasNote(state) ? [note.join(', ')] : [])];
  const textWidth = Math.max(
    state.name.length * TITLE_CHAR + ICON_WIDTH,
    ...lines.map((line) => line.length * LINE_CHAR),
  );
  const width = Math.max(MIN_WIDTH, textWidth + 2 * padding);
  const top = titleHeight + lines.length * lineHeight + padding;
  if (state.states.length === 0) return { id: state.id, width, height: top + padding };
  return {
    id: state.id,
    children: childrenOf(state),
    layoutOptions: {
      'elk.padding': `[top=${top + padding},left=14,bottom=14,right=14]`,
      'elk.nodeSize.constraints': 'MINIMUM_SIZE',
      'elk.nodeSize.minimum': `(${width},${top})`,
    },
  };
}

function startEdges(state: ChartState): ElkExtendedEdge[] {
  const first = state.states.find(({ isInitial }) => isInitial);
  const own =
    first === undefined
      ? []
      : [{ id: `${state.id} first`, sources: [startId(state)], targets: [first.id] }];
  return [...own, ...state.states.flatMap(startEdges)];
}

function edgeOf(transition: ChartTransition): ElkExtendedEdge {
  const lines = labelLines(transition).map(shortened);
  const { id, from, to } = transition;
  const width = Math.max(0, ...lines.map((line) => line.length * LABEL_CHAR));
  const labels =
    lines.length === 0
      ? []
      : [{ text: lines.join('\n'), width, height: lines.length * CHART_SIZES.labelHeight }];
  const wish = Math.max(...transition.ways.map(({ trigger }) => DOWNWARD[trigger.kind]));
  const layoutOptions = { 'elk.layered.priority.direction': String(wish) };
  return { id, sources: [from], targets: [to], labels, layoutOptions };
}
