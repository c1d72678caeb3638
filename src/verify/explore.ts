/**
 * The exploration: breadth first through the real core, one node per state that the future can
 * tell apart, every turn judged on the way.
 *
 * Invariant: a node's parent is on a shortest path to it. States are let go once expanded, so that
 * memory follows the
 * frontier.
 */
import type { SagaDefinition } from '../core/define/definition.ts';
import type { Turn } from '../core/turn/inbound.ts';
import { isOver, type SagaState } from '../core/state.ts';
import { statePath } from '../core/machine/state-path.ts';
import { begin, drawnTurn } from '../core/turn/turn.ts';
import { isCountedUp } from './budgets.ts';
import { judgeEnd, type Judged, judgeStarts } from './checks.ts';
import { type Edge, type Exploration, type Node, pathTo } from './exploration.ts';
import type { ExampleValues } from './examples.ts';
import type { Fault, Findings } from './findings.ts';
import { identityOf, isCompiled, timerName } from './identity.ts';
import { judgeLedger } from './ledger.ts';
import type { Drive, Move } from './move.ts';
import { movesOf } from './moves.ts';
import { isWatched, judgeState, refusedStart, thrown, unhandled } from './state-checks.ts';
import { decide, type Standing } from './decisions.ts';
import { answer, NOTHING, stopAttempts, type World } from './world.ts';

/** A node with the state to go on from. */
interface Frontier {
  readonly index: number;
  readonly state: SagaState;
  readonly world: World;
}

interface Growing {
  readonly definition: SagaDefinition;
  readonly examples: ExampleValues;
  readonly findings: Findings;
  readonly nodes: (Node & { readonly edges: Edge[] })[];
  readonly indexes: Map<string, number>;
  readonly taken: Set<unknown>;
}

/** Explores until nothing is new or `maxStates` are known. Yields once per expanded state. */
export function* explore(
  definition: SagaDefinition,
  examples: ExampleValues,
  maxStates: number,
  findings: Findings,
): Generator<void, Exploration> {
  const nodes: Growing['nodes'] = [];
  const taken = new Set<unknown>();
  const growing = { definition, examples, findings, nodes, indexes: new Map(), taken };
  let frontier = enter(growing);
  while (frontier.length > 0) {
    const reached: Frontier[] = [];
    for (const from of frontier) {
      if (nodes.length >= maxStates) return { nodes, isExhaustive: false, taken };
      reached.push(...expand(growing, from));
      yield;
    }
    frontier = reached;
  }
  return { nodes, isExhaustive: true, taken };
}

function enter(growing: Growing): Frontier[] {
  const { definition, examples, findings } = growing;
  try {
    const first = begin(definition, definition.id, examples.input, 0);
    return arrive(growing, null, START, first);
  } catch (error) {
    findings.add(refusedStart(error, examples), []);
    return [];
  }
}

function expand(growing: Growing, from: Frontier): Frontier[] {
  const { definition, examples, findings, nodes } = growing;
  const fail = (label: string, fault: Fault): void => {
    const state = statePath(from.state.snapshot.value);
    findings.add(fault, [...pathTo(nodes, from.index), { event: label, state }]);
  };
  const reached: Frontier[] = [];
  let moves: readonly Move[] = [];
  try {
    moves = movesOf(definition, from.state, examples);
  } catch (error) {
    fail('any event', thrown(from.state, 'any event', error, examples));
  }
  for (const move of moves) {
    try {
      const next = drawnTurn(definition, move.from, move.inbound, move.nowMs);
      if (next.kind === 'refused') continue;
      for (const each of takenBy(move)) growing.taken.add(each);
      reached.push(...arrive(growing, from, move, next));
    } catch (error) {
      const fault = thrown(from.state, move.label, error, examples);
      // What a person skipped has no result unless the command brings one.
      const isSkipped =
        move.decision === 'skip' || from.world.runs.some(({ forward }) => forward === 'skipped');
      const isDoubtful = move.isMadeUp || isSkipped;
      const message = isSkipped ? `${fault.message}; ${SKIPPED_CURE}` : fault.message;
      fail(move.label, isDoubtful ? { ...fault, message, severity: 'warning' } : fault);
    }
  }
  return reached;
}

type Arrival = Extract<Turn, { readonly state: SagaState }>;
type Step = Pick<Move, 'label' | 'drive' | 'subject' | 'answer' | 'decision'>;

const START: Step = {
  label: 'start',
  drive: 'outside',
  subject: 'start',
  answer: null,
  decision: null,
};

/** Judges a turn and notes where it led; gives that place when it is new and goes on. */
function arrive(growing: Growing, from: Frontier | null, step: Step, next: Arrival): Frontier[] {
  const { definition, findings, nodes } = growing;
  const { state } = next;
  const before = from?.state ?? null;
  const told = tell(definition, from, step);
  const { world, faults } = worldAfter(definition, told, before, step.drive, next);
  const ignored = unhandled(definition, step, before, next);
  const all = [
    ...ignored,
    ...faults,
    ...judgeEnd(definition, world, state),
    ...judgeLedger(world, state),
    // Where nothing took the inbound, that is why the saga stands there.
    ...(ignored.length > 0 ? [] : judgeState(definition, state)),
  ];
  if (all.length > 0) {
    const path = from === null ? [] : pathTo(nodes, from.index);
    const last = { event: step.label, state: statePath(state.snapshot.value) };
    for (const fault of all) findings.add(fault, [...path, last]);
  }
  const { index, isNew } = nodeOf(growing, from, step, state, world);
  if (from !== null) nodes[from.index]?.edges.push(edgeTo(index, step, from.state, state));
  const goesOn = isNew && !isOver(state) && state.status !== 'parked';
  return goesOn ? [{ index, state, world }] : [];
}

const SKIPPED_CURE =
  'a step that is skipped has no result unless the command brings one in its context';

/** What the world learns of the inbound itself. */
function tell(
  definition: SagaDefinition,
  from: Frontier | null,
  { answer: given, decision }: Step,
): World {
  if (from === null) return NOTHING;
  const { world, state } = from;
  if (given !== null) return answer(world, given);
  return decision === null ? world : decide(world, decision, standing(definition, state));
}

function standing(definition: SagaDefinition, { status, live }: SagaState): Standing {
  const retrying = Object.keys(live.timers).flatMap((timer) => {
    const role = definition.timers.get(timer);
    const invoke = role?.kind === 'retry' ? definition.invokes.get(role.activity) : undefined;
    return invoke === undefined ? [] : [invoke];
  });
  return {
    status,
    isRetrying: (step, direction) =>
      retrying.some((invoke) => invoke.step === step && invoke.direction === direction),
    isForwardOnly: (step) =>
      definition.steps.some(({ name, kind }) => name === step && kind !== 'compensatable'),
  };
}

function worldAfter(
  definition: SagaDefinition,
  told: World,
  before: SagaState | null,
  drive: Drive,
  next: Arrival,
): Judged {
  if (next.kind === 'noted') return { world: told, faults: [] };
  const stopped = stopAttempts(told, next.effects);
  // A person may decide to go forward again; a machine on its way back must not.
  const isGoingBack = before?.status === 'compensating' && drive !== 'outside';
  return judgeStarts(definition, stopped, before, isGoingBack, next);
}

function nodeOf(
  { nodes, indexes }: Growing,
  from: Frontier | null,
  { label }: Step,
  state: SagaState,
  world: World,
): { readonly index: number; readonly isNew: boolean } {
  const identity = identityOf(state, world);
  const known = indexes.get(identity);
  if (known !== undefined) return { index: known, isNew: false };
  const index = nodes.length;
  indexes.set(identity, index);
  nodes.push({
    parent: from?.index ?? null,
    event: label,
    value: state.snapshot.value,
    status: state.status,
    isWatched: isWatched(state),
    edges: [],
  });
  return { index, isNew: true };
}

function edgeTo(to: number, step: Step, before: SagaState, after: SagaState): Edge {
  const keptTimers = Object.entries(after.live.timers)
    .filter(([id, { token }]) => before.live.timers[id]?.token === token)
    .map(([id]) => timerName(id));
  const timer = step.drive === 'timer' ? step.subject : null;
  const isCounted = isCompiled(after) && isCountedUp(before, after);
  return { to, label: step.label, drive: step.drive, timer, isCounted, keptTimers };
}

// Only hand-written machines are judged by their branches; compiled ones are all alike.
function takenBy({ from, event }: Move): readonly unknown[] {
  const { snapshot } = from;
  return isCompiled(from) ? [] : (snapshot.machine.getTransitionData(snapshot, event) ?? []);
}
