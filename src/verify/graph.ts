/**
 * The judgement on the whole of an exploration: loops without end, states that are never entered,
 * branches that were never taken.
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import type { SagaDefinition } from '../core/define/definition.ts';
import { initialsOf, nodesOf } from '../core/machine/machine-nodes.ts';
import { isEnded, needsPerson } from '../core/status.ts';
import { statePath } from '../core/machine/state-path.ts';
import { type Edge, type Exploration, type Node, pathTo } from './exploration.ts';
import type { Findings, PathStep } from './findings.ts';
import { loopsIn, roundTrip } from './loops.ts';
import { activeNodes } from './places.ts';

/** With one of these, that something was not reached says nothing new. */
const CUT_SHORT = [
  'stuck',
  'no-operator-exit',
  'unhandled-outcome',
  'throws',
  'busy-loop',
  'endless-retry',
] as const;

/** Adds what only the whole can show. */
export function judgeGraph(
  definition: SagaDefinition,
  exploration: Exploration,
  findings: Findings,
): void {
  judgeLoops(definition, exploration, findings);
  judgeSteps(definition, findings);
  if (!exploration.isExhaustive) {
    const message =
      `exploring stopped at ${exploration.nodes.length} states and the rest is not proved; ` +
      'keep counters and growing lists out of the context, or raise maxStates';
    findings.add({ kind: 'too-many-states', severity: 'warning', subject: '', message }, []);
    return;
  }
  if (exploration.nodes.length === 0) return;
  if (CUT_SHORT.some((kind) => findings.has(kind))) return;
  judgeEnds(exploration, findings);
  judgeReach(definition.machine, exploration, findings);
}

function judgeLoops(definition: SagaDefinition, { nodes }: Exploration, findings: Findings): void {
  const isHot = (edge: Edge): boolean => edge.drive === 'result' || isImmediate(definition, edge);
  const hot = loopsIn(nodes, isHot);
  for (const loop of hot) {
    const { place, path } = describeLoop(nodes, loop, isHot);
    const message =
      `${place} repeats for ever without a delay; ` +
      'count the attempts in a guard and put a named delay between two of them';
    const subject = subjectOf(nodes, loop);
    findings.add({ kind: 'busy-loop', severity: 'error', subject, message }, path);
  }
  const hotNodes = new Set(hot.flat());
  const isUnseen = (edge: Edge): boolean =>
    edge.drive !== 'outside' && !edge.isCounted && nodes[edge.to]?.isWatched === false;
  for (const loop of loopsIn(nodes, isUnseen)) {
    if (loop.some((index) => hotNodes.has(index)) || isTimeLimited(nodes, loop)) continue;
    const { place, path } = describeLoop(nodes, loop, isUnseen);
    const message =
      `${place} repeats for ever and its status never says so; count the attempts in a guard, ` +
      'name the delay "<invoke id>.retry", or tag the state waiting';
    const subject = subjectOf(nodes, loop);
    findings.add({ kind: 'endless-retry', severity: 'error', subject, message }, path);
  }
}

/** A delay of nothing is none; what a function gives is not known here. */
function isImmediate({ machine, timers }: SagaDefinition, { timer }: Edge): boolean {
  const role = timer === null ? undefined : timers.get(timer);
  return role?.kind === 'wait' && machine.implementations.delays[role.delay] === 0;
}

/** A timer that runs through the whole loop ends it from outside. */
function isTimeLimited(nodes: readonly Node[], loop: readonly number[]): boolean {
  const inside = new Set(loop);
  const inner = loop.flatMap((index) =>
    (nodes[index]?.edges ?? []).filter((edge) => inside.has(edge.to) && edge.drive !== 'outside'),
  );
  const [first, ...rest] = inner;
  return (first?.keptTimers ?? []).some(
    (timer) =>
      rest.every((edge) => edge.keptTimers.includes(timer)) &&
      loop.every((index) =>
        nodes[index]?.edges.some((edge) => edge.timer === timer && !inside.has(edge.to)),
      ),
  );
}

/** A way into the loop and once round it, entered where the drawing first enters it. */
function describeLoop(
  nodes: readonly Node[],
  loop: readonly number[],
  follows: (edge: Edge) => boolean,
): { readonly place: string; readonly path: readonly PathStep[] } {
  const entry = loop[0] ?? 0;
  const way = [...pathTo(nodes, entry)];
  const round = roundTrip(nodes, loop, entry, follows).map(({ label, to }) => ({
    event: label,
    state: statePath(nodes[to]?.value),
  }));
  // The first laps may differ in what the saga remembers; to a person they are laps already.
  for (let last = round.at(-1); last !== undefined; last = round.at(-1)) {
    const before = way.at(-1);
    if (before?.event !== last.event || before.state !== last.state) break;
    way.pop();
    round.unshift(...round.splice(-1));
  }
  return { place: `"${way.at(-1)?.state ?? ''}"`, path: [...way, ...round] };
}

/** The same loop in the drawing, whatever the context: told apart by the places it goes through. */
function subjectOf(nodes: readonly Node[], loop: readonly number[]): string {
  const places = loop.map((index) => statePath(nodes[index]?.value));
  return [...new Set(places)].toSorted().join(', ');
}

/** Steps that could be undone by nothing; one left behind on a path is reported with that path. */
function judgeSteps({ steps }: SagaDefinition, findings: Findings): void {
  for (const { name, kind, compensation } of steps) {
    if (kind !== 'compensatable' || compensation !== null) continue;
    if (findings.has('left-uncompensated', name)) continue;
    const message =
      `step "${name}" cannot be compensated; add a state with meta { compensates: "${name}" }, ` +
      'or declare its kind as pivot, or as retriable after the pivot';
    findings.add({ kind: 'no-compensation', severity: 'warning', subject: name, message }, []);
  }
}

/** The first state from which no end can be reached, unless something else says why. */
function judgeEnds({ nodes }: Exploration, findings: Findings): void {
  const reasons = [
    'stuck',
    'no-operator-exit',
    'unhandled-outcome',
    'throws',
    'busy-loop',
  ] as const;
  if ([...reasons, 'endless-retry' as const].some((kind) => findings.has(kind))) return;
  const before = new Map<number, number[]>();
  for (const [index, { edges }] of nodes.entries()) {
    for (const { to } of edges) before.set(to, [...(before.get(to) ?? []), index]);
  }
  const isEnd = ({ status }: Node): boolean => isEnded(status) || needsPerson(status);
  const good = new Set([...nodes.entries()].filter(([, node]) => isEnd(node)).map(([at]) => at));
  for (const at of good) for (const earlier of before.get(at) ?? []) good.add(earlier);
  const lost = nodes.findIndex((_, index) => !good.has(index));
  if (lost === -1) return;
  const place = `"${statePath(nodes[lost]?.value)}"`;
  const message = `from ${place} no end can be reached; add a transition to a final state`;
  const fault = { kind: 'no-end-reachable', severity: 'error', subject: place, message } as const;
  findings.add(fault, pathTo(nodes, lost));
}

function judgeReach(
  machine: AnyStateMachine,
  { nodes, taken }: Exploration,
  findings: Findings,
): void {
  const values = new Map(nodes.map(({ value }) => [statePath(value), value]));
  const visited = new Set<AnyStateNode>();
  for (const value of values.values()) {
    for (const node of activeNodes(machine, value)) visited.add(node);
  }
  const entered = withPassedThrough(visited);
  for (const node of nodesOf(machine)) {
    if (node.type === 'history') continue;
    // A child of what is never entered says nothing new.
    if (!entered.has(node) && (node.parent === undefined || entered.has(node.parent))) {
      const message =
        `state "${node.id}" is never entered; draw a transition to it, remove it, or give ` +
        'examples of outputs and events that lead there';
      const fault = { kind: 'unreachable-state', severity: 'warning' } as const;
      findings.add({ ...fault, subject: node.id, message }, []);
    }
    if (visited.has(node) && taken.size > 0) judgeBranches(node, taken, findings);
  }
}

function judgeBranches(node: AnyStateNode, taken: ReadonlySet<unknown>, findings: Findings): void {
  for (const transition of [...node.transitions.values()].flat()) {
    if (transition.guard === undefined || taken.has(transition)) continue;
    // Taken within a turn that another event began, so that nobody sees which branch it was.
    if (String(transition.eventType).startsWith('xstate.done.state.')) continue;
    const subject = `${node.id} on ${transition.eventType}`;
    const message =
      `the guarded transition of "${node.id}" on ${transition.eventType} was never taken, so ` +
      'what follows is not proved; give examples that satisfy the guard, or remove it';
    findings.add({ kind: 'untaken-branch', severity: 'warning', subject, message }, []);
  }
}

/** With the states that are entered and left within one turn, which no state value shows. */
function withPassedThrough(visited: ReadonlySet<AnyStateNode>): ReadonlySet<AnyStateNode> {
  const entered = new Set(visited);
  for (const node of entered) {
    for (const target of targetsOf(node)) {
      if (isPassedThrough(target)) entered.add(target);
      // A compound state may itself be passed through by way of its first child.
      for (const inner of target.parent === undefined ? [] : [target.parent]) {
        if (isPassedThrough(target) && !entered.has(inner)) entered.add(inner);
      }
    }
  }
  return entered;
}

function targetsOf(node: AnyStateNode): AnyStateNode[] {
  const transitions = [...node.transitions.values()].flat().concat(node.always ?? []);
  const named = transitions.flatMap((transition) => transition.target ?? []);
  return [...named, ...(node.initial?.target ?? [])].flatMap((target) => [
    target,
    ...initialsOf(target),
  ]);
}

// Final children of a compound state are left at once by its onDone.
function isPassedThrough(node: AnyStateNode): boolean {
  const isInnerFinal = node.type === 'final' && node.parent?.parent !== undefined;
  return isInnerFinal || (node.always ?? []).length > 0 || node.entry.length > 0;
}
