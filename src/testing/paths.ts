/**
 * Paths through a saga for a test runner: each drawn transition on at least one of them, and every
 * simple path where there are few.
 */
import type { Examples, SagaDefinition } from '../core/define/definition.ts';
import type { ExampleValues } from '../verify/values/examples.ts';
import { movesOf } from '../verify/moves/moves.ts';
import { SagaDriver } from './saga-driver.ts';
import { drawnTransitions } from '../verify/graph/reach.ts';
import { MAX_VERIFIED_STATES, verify } from '../verify/verify.ts';
import { type GraphEdge, type GraphNode, graphOf, type SagaGraph } from './saga-graph.ts';
import type { SagaStory } from './saga-story.ts';

/** One way through a saga, from its start until it is settled. */
export interface SagaPath {
  /** A number and the last moves; fits a test's name. */
  readonly name: string;
  /** Every move, as verify tells it: `chargeCard: refused`, `timer deadline`, `command cancel`. */
  readonly moves: readonly string[];
  /** Takes the path through the core, storing and restoring the saga between all moves. */
  run(): SagaStory;
}

export interface PathOptions extends Examples {
  /** Most states to explore. Default 20,000. */
  readonly maxStates?: number;
  /**
   * What must be on some path: each `transition` of the drawing, or each `move` that is possible in
   * each state the saga can be in, which are many more. Default `transition`.
   */
  readonly cover?: 'transition' | 'move';
  /** All simple paths are given when there are at most so many. Default 300. */
  readonly maxSimplePaths?: number;
}

/** What the paths of a saga leave out: what `verify` lists as not reached. */
export interface PathCoverage {
  /** States that were explored. */
  readonly states: number;
  /** False: the bound on states was reached. */
  readonly isExhaustive: boolean;
  /** Drawn transitions. */
  readonly transitions: number;
  /** Those that no path takes; an example may be missing, or nothing can lead there. */
  readonly untaken: readonly string[];
  /** Drawn states that no path enters. */
  readonly unentered: readonly string[];
}

const MAX_STATES = MAX_VERIFIED_STATES;
const MAX_SIMPLE_PATHS = 300;
/** Moves looked at in search of simple paths before there are taken to be too many. */
const MAX_SIMPLE_MOVES = 200_000;
const MOVES_IN_A_NAME = 4;

/**
 * The paths of a saga, for `test.each`.
 *
 * @example
 * test.each(pathsOf(tripSaga))('$name', (path) => {
 *   expect(path.run()).toBeSound();
 * });
 */
export function pathsOf<C extends object>(
  definition: SagaDefinition<C>,
  options: PathOptions = {},
): readonly SagaPath[] {
  const graph = graphOf(definition, options, options.maxStates ?? MAX_STATES);
  const walks = [
    ...covering(graph, options.cover ?? 'transition'),
    ...simple(graph, options.maxSimplePaths ?? MAX_SIMPLE_PATHS),
  ];
  const { values } = graph.examples.inputs;
  const told = new Map(
    walks.map((walk) => {
      const input = walk[0]?.from.input;
      return [[values.indexOf(input), ...walk.map(({ label }) => label)].join('\n'), walk];
    }),
  );
  return [...told.values()].map((walk, index) =>
    pathOf(
      definition,
      { ...graph.examples, input: walk[0]?.from.input },
      walk.map(({ label }) => label),
      index + 1,
    ),
  );
}

/** How much of the drawing `pathsOf` covers. */
export function coverageOf<C extends object>(
  definition: SagaDefinition<C>,
  options: PathOptions = {},
): PathCoverage {
  const { bounds, exhaustive, notReached } = verify(definition, options);
  const namesOf = (wanted: 'state' | 'transition'): readonly string[] =>
    notReached.flatMap(({ kind, name }) => (kind === wanted ? [name] : []));
  return {
    states: bounds.states,
    isExhaustive: exhaustive,
    transitions: drawnTransitions(definition.machine).size,
    untaken: namesOf('transition'),
    unentered: namesOf('state'),
  };
}

type Walk = readonly GraphEdge[];

/** Walks that end settled and together take everything that is to be covered. */
function covering({ nodes }: SagaGraph, cover: 'transition' | 'move'): Walk[] {
  const steps = stepsToEnd(nodes);
  const taken = new Set<unknown>();
  const partsOf = (edge: GraphEdge): readonly unknown[] => (cover === 'move' ? [edge] : edge.takes);
  const isNews = (edge: GraphEdge): boolean =>
    partsOf(edge).some((each) => !taken.has(each)) && steps.has(edge.to);
  const walks: Walk[] = [];
  for (const node of nodes) {
    for (const edge of node.edges) {
      if (!isNews(edge)) continue;
      const walk = [...walkTo(node), edge];
      for (const each of walk.flatMap(partsOf)) taken.add(each);
      for (let at = edge.to; ;) {
        const next = at.edges.find(isNews) ?? (at.isSettled ? undefined : steps.get(at));
        if (next === undefined) break;
        walk.push(next);
        for (const each of partsOf(next)) taken.add(each);
        at = next.to;
      }
      walks.push(walk);
    }
  }
  return walks;
}

/** Every walk that passes no state twice, or none when there are more than `most`. */
function simple({ nodes }: SagaGraph, most: number): Walk[] {
  const walks: Walk[] = [];
  let moves = 0;
  for (const start of nodes.filter(({ parent }) => parent === null)) {
    const walk: GraphEdge[] = [];
    const passed = new Set([start]);
    // What is left to try at each node of the walk: a machine that counts has walks of thousands of
    // nodes, deeper than calls may nest.
    const ahead = [start.edges.values()];
    if (start.isSettled) walks.push([]);
    for (let edges = ahead.at(-1); edges !== undefined; edges = ahead.at(-1)) {
      const { value: edge } = edges.next();
      if (edge === undefined) {
        ahead.pop();
        const left = walk.pop();
        if (left !== undefined) passed.delete(left.to);
        continue;
      }
      if (passed.has(edge.to)) continue;
      if (walks.length > most || ++moves > MAX_SIMPLE_MOVES) return [];
      passed.add(edge.to);
      walk.push(edge);
      ahead.push(edge.to.edges.values());
      if (edge.to.isSettled) walks.push([...walk]);
    }
    if (walks.length > most) return [];
  }
  return walks;
}

/** For every node from which the saga can settle: the next move on a shortest way there. */
function stepsToEnd(nodes: readonly GraphNode[]): Map<GraphNode, GraphEdge | undefined> {
  const into = new Map<GraphNode, GraphEdge[]>();
  for (const edge of nodes.flatMap(({ edges }) => edges)) {
    into.set(edge.to, [...(into.get(edge.to) ?? []), edge]);
  }
  const ends = nodes.filter(({ isSettled }) => isSettled);
  const steps = new Map<GraphNode, GraphEdge | undefined>(ends.map((end) => [end, undefined]));
  // A map goes on with what is added to it meanwhile, so this is breadth first.
  for (const [node] of steps) {
    for (const edge of into.get(node) ?? []) {
      if (!steps.has(edge.from)) steps.set(edge.from, edge);
    }
  }
  return steps;
}

/** A shortest walk from the start. */
function walkTo(node: GraphNode): GraphEdge[] {
  const back: GraphEdge[] = [];
  for (let at = node; at.parent !== null; at = at.parent) {
    const last = at.parent.edges.find(({ to }) => to === at);
    if (last === undefined) return [];
    back.push(last);
  }
  return back.reverse();
}

function pathOf(
  definition: SagaDefinition,
  examples: ExampleValues,
  moves: readonly string[],
  number: number,
): SagaPath {
  const last = moves.slice(-MOVES_IN_A_NAME).join(', ');
  const name = `${number}: ${moves.length > MOVES_IN_A_NAME ? '… ' : ''}${last || 'start'}`;
  return {
    name,
    moves,
    run() {
      const saga = new SagaDriver(definition, examples.input, definition.id);
      for (const label of moves) {
        const move = movesOf(definition, saga.state, examples).find((each) => each.label === label);
        if (move === undefined) {
          throw new Error(`"${label}" is no move of saga "${definition.id}" any more, in ${name}`);
        }
        saga.state = move.from; // an attempt that was interrupted too often counts its starts
        saga.nowMs = Math.max(saga.nowMs, move.nowMs);
        saga.take(move.inbound);
      }
      return saga.story;
    },
  };
}
