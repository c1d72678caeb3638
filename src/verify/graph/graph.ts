/**
 * The judgement on the whole of an exploration: loops without end, ends that cannot be reached.
 */
import type { AnyStateMachine } from 'xstate';
import type { SagaDefinition } from '../../core/define/definition.ts';
import { isEnded, needsPerson } from '../../core/status.ts';
import { statePath } from '../../core/machine/state-path.ts';
import { type Edge, type Exploration, type Node, wayStep, wayTo } from './exploration.ts';
import type { FindingCode } from '../finding-codes.ts';
import type { Fault, Findings, WayStep } from '../findings.ts';
import { loopsIn, roundTrip } from './loops.ts';
import { judgeReach } from './never-reached.ts';
import { countedWithoutEnd, isUnattended, retriesWhatEnds } from './retry-loops.ts';
import { fixedDelayMs } from '../../core/machine/machine-delays.ts';
import { type ActorWay, wayOfActor } from '../../core/machine/actors/actor-facts.ts';
import { nodesOf, spawnsOf } from '../../core/machine/machine-nodes.ts';

const EFFECTLESS: readonly (ActorWay | null)[] = ['listener', 'stepped'];

/** With one of these, that something was not reached says nothing new. */
const CUT_SHORT = [
  'stuck',
  'no-operator-exit',
  'unhandled-outcome',
  'throws',
  'needs-example',
  'impure',
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
    const where = `the first ${exploration.nodes.length} states`;
    const what = `exploring stopped after ${where}, and nothing is said of the rest`;
    const cure = 'keep counters and growing lists out of the context, or raise maxStates';
    findings.add({ ...warning('too-many-states', ''), where, what, cure }, []);
    const counted = countedWithoutEnd(definition, exploration.nodes);
    if (counted === null) return;
    const at = statePath(exploration.nodes[counted]?.value);
    findings.add(triedForEver(at, at), wayTo(exploration.nodes, counted));
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
    const { place, way } = describeLoop(nodes, loop, isHot);
    const what = `${place} repeats for ever without a delay`;
    const cure = 'count the attempts in a guard and put a named delay between two of them';
    const about = { subject: subjectOf(nodes, loop), where: `state ${place}`, what, cure };
    findings.add({ code: 'busy-loop', severity: 'error', ...about }, way);
  }
  const hotNodes = new Set(hot.flat());
  const isUnseen = (edge: Edge): boolean =>
    edge.drive !== 'outside' && !edge.isCounted && nodes[edge.to]?.isWatched === false;
  for (const loop of loopsIn(nodes, isUnseen)) {
    if (loop.some((index) => hotNodes.has(index)) || isTimeLimited(nodes, loop)) continue;
    const { place, way } = describeLoop(nodes, loop, isUnseen);
    const what = `${place} repeats for ever and its status never says so`;
    const cure =
      'count the attempts in a guard, name the delay "<invoke id>.retry", or tag the state waiting';
    const about = { subject: subjectOf(nodes, loop), where: `state ${place}`, what, cure };
    findings.add({ code: 'endless-retry', severity: 'error', ...about }, way);
    for (const index of loop) hotNodes.add(index);
  }
  const follows = (edge: Edge): boolean => isUnattended(nodes, edge);
  for (const loop of loopsIn(nodes, follows)) {
    if (loop.some((index) => hotNodes.has(index)) || isTimeLimited(nodes, loop)) continue;
    const inside = new Set(loop);
    const edges = loop.flatMap((index) => nodes[index]?.edges ?? []);
    const own = edges.filter((edge) => inside.has(edge.to) && follows(edge));
    if (!retriesWhatEnds(definition, own)) continue;
    const { place, way } = describeLoop(nodes, loop, follows);
    findings.add(triedForEver(subjectOf(nodes, loop), place.slice(1, -1)), way);
  }
}

/** A warning: whoever looks sees that it is tried again. */
function triedForEver(subject: string, path: string): Fault {
  const where = `state "${path}"`;
  const what = `"${path}" is tried again and again, and nobody is ever asked`;
  const cure =
    'let a guard compare the attempts with a bound, put a time limit around it, or declare the ' +
    'step retriable';
  return { ...warning('endless-retry', subject), where, what, cure };
}

/** A delay of nothing is none; what a function gives is not known here. */
function isImmediate({ machine, timers }: SagaDefinition, { timer }: Edge): boolean {
  const role = timer === null ? undefined : timers.get(timer);
  return role?.kind === 'wait' && fixedDelayMs(machine, role.delay) === 0;
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
): { readonly place: string; readonly way: readonly WayStep[] } {
  const entry = loop[0] ?? 0;
  const way = [...wayTo(nodes, entry)];
  const round = roundTrip(nodes, loop, entry, follows).map(({ label, to, takes }) =>
    wayStep(label, nodes[to]?.value, takes),
  );
  // The first rounds may differ in the saga's context; a person counts them as rounds all the same.
  for (let last = round.at(-1); last !== undefined; last = round.at(-1)) {
    const before = way.at(-1);
    if (before?.event !== last.event || before.state !== last.state) break;
    way.pop();
    round.unshift(...round.splice(-1));
  }
  return { place: `"${way.at(-1)?.state ?? ''}"`, way: [...way, ...round] };
}

/** The same loop in the drawing, whatever the context: told apart by the places it goes through. */
function subjectOf(nodes: readonly Node[], loop: readonly number[]): string {
  const places = loop.map((index) => statePath(nodes[index]?.value));
  return [...new Set(places)].toSorted().join(', ');
}

/** Steps that could be undone by nothing; one left behind on a path is reported with that path. */
function judgeSteps({ machine, invokes, steps }: SagaDefinition, findings: Findings): void {
  const effectless = effectlessSteps(machine, invokes);
  for (const { name, kind, compensation } of steps) {
    if (kind !== 'compensatable' || compensation !== null || effectless.has(name)) continue;
    if (findings.has('left-uncompensated', name)) continue;
    const where = `step "${name}"`;
    const what = `${where} cannot be compensated`;
    const cure =
      `add a state with meta { compensates: "${name}" }, or declare its kind as pivot, or as ` +
      'retriable after the pivot';
    findings.add({ ...warning('no-compensation', name), where, what, cure }, []);
  }
}

/** What listens, and what is stepped inside the turns of its machine, leaves nothing to undo. */
function effectlessSteps(
  machine: AnyStateMachine,
  invokes: SagaDefinition['invokes'],
): ReadonlySet<string> {
  const actors = nodesOf(machine).flatMap((node) => [...node.invoke, ...spawnsOf(node, machine)]);
  const named = actors.flatMap(({ id, src }) => (typeof src === 'string' ? [{ id, src }] : []));
  const ways = new Map(named.map(({ id, src }) => [id, wayOfActor(machine, src)]));
  const isEffectless = (id: string): boolean => EFFECTLESS.includes(ways.get(id) ?? null);
  const some = [...invokes].filter(
    ([id, { direction }]) => direction === 'forward' && isEffectless(id),
  );
  return new Set(some.map(([, { step }]) => step));
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
  const what = `from ${place} no end can be reached`;
  const about = { subject: place, where: `state ${place}`, what };
  const cure = 'add a transition to a final state';
  findings.add({ code: 'no-end-reachable', severity: 'error', ...about, cure }, wayTo(nodes, lost));
}

function warning(code: FindingCode, subject: string) {
  return { code, severity: 'warning', subject } as const;
}
