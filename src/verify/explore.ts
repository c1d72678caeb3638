/**
 * The exploration: breadth first through the real core, one node per state that the future can
 * tell apart, every turn judged on the way.
 *
 * Invariant: a node's parent is on a shortest way to it. States are let go once expanded, so that
 * memory follows the frontier.
 */
import type { SagaDefinition } from '../core/define/definition.ts';
import type { Turn } from '../core/turn/inbound.ts';
import { isOver, type SagaState } from '../core/state.ts';
import { witnessing } from '../core/machine/macrostep/transition-witness.ts';
import { begin, drawnTurn } from '../core/turn/turn.ts';
import { isCountedUp } from './budgets.ts';
import { judgeEnd, type Judged, judgeStarts } from './checks/checks.ts';
import { contextText, judgePurity, Purity } from './checks/purity.ts';
import { type Edge, type Exploration, type Node, wayStep, wayTo } from './graph/exploration.ts';
import type { ExampleValues } from './values/examples.ts';
import type { Fault, Findings } from './findings.ts';
import { timerName } from '../core/machine/timer-ids.ts';
import { identityOf, isCompiled } from './identity.ts';
import { judgeLedger } from './checks/ledger-check.ts';
import { type Drive, type Move, numbered } from './moves/move.ts';
import { movesOf } from './moves/moves.ts';
import {
  isWatched,
  judgeState,
  refusedStart,
  throwsOnMadeUp,
  thrown,
  unhandled,
} from './checks/state-checks.ts';
import { blamedAt, blamedAtStart } from './values/blame.ts';
import { decide, type Standing } from './moves/decisions.ts';
import { answer, NOTHING, stopAttempts, type World } from './world.ts';

/** A node with the state to go on from. */
interface Frontier {
  readonly index: number;
  readonly state: SagaState;
  readonly world: World;
  /** Which of the inputs it began with. */
  readonly input: number;
}

interface Growing {
  readonly definition: SagaDefinition;
  readonly examples: ExampleValues;
  readonly findings: Findings;
  readonly nodes: (Node & { readonly edges: Edge[] })[];
  readonly indexes: Map<string, number>;
  readonly taken: Set<object>;
  readonly purity: Purity;
}

/** Explores until nothing is new or `maxStates` are known. Yields once per expanded state. */
export function* explore(
  definition: SagaDefinition,
  examples: ExampleValues,
  maxStates: number,
  findings: Findings,
): Generator<void, Exploration> {
  const nodes: Growing['nodes'] = [];
  const taken = new Set<object>();
  const purity = new Purity();
  const growing = { definition, examples, findings, nodes, indexes: new Map(), taken, purity };
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
  return examples.inputs.values.flatMap((given, index, { length }) => {
    try {
      const takes: object[] = [];
      const take = (): Arrival => begin(definition, definition.id, given, 0);
      const first = witnessing((each) => takes.push(each), take);
      const label = `start${numbered(index, length)}`;
      const reached = arrive(growing, null, { ...START, label, takes, input: index }, first);
      if (index === 0)
        for (const each of judgePurity(definition, first, take, () => true)) findings.add(each, []);
      return reached;
    } catch (error) {
      const member = blamedAtStart(definition, examples, given, error);
      findings.add(member === null ? refusedStart(error) : throwsOnMadeUp(member, error), []);
      return [];
    }
  });
}

function expand(growing: Growing, from: Frontier): Frontier[] {
  const { definition, examples, findings, nodes } = growing;
  const fail = (label: string, fault: Fault): void => {
    const last = wayStep(label, from.state.snapshot.value, []);
    findings.add(fault, [...wayTo(nodes, from.index), last]);
  };
  const reached: Frontier[] = [];
  // What a compiled saga is given is frozen.
  const given = isCompiled(from.state) ? null : contextText(from.state);
  let moves: readonly Move[] = [];
  try {
    moves = movesOf(definition, from.state, examples);
  } catch (error) {
    fail('any event', thrown(from.state, 'any event', error));
  }
  for (const move of moves) {
    try {
      const takes: object[] = [];
      const take = (): Turn => drawnTurn(definition, move.from, move.inbound, move.nowMs);
      const next = witnessing((each) => takes.push(each), take);
      if (next.kind === 'refused') continue;
      if (growing.purity.isNew(takes, move.label)) {
        const isKept = (): boolean => given === null || contextText(from.state) === given;
        for (const fault of judgePurity(definition, next, take, isKept)) fail(move.label, fault);
      }
      reached.push(...arrive(growing, from, { ...move, takes, input: from.input }, next));
    } catch (error) {
      const member = blamedAt(definition, examples, move, error);
      if (member !== null) {
        fail(move.label, throwsOnMadeUp(member, error));
        continue;
      }
      const fault = thrown(from.state, move.label, error);
      // What a person skipped has no result unless the command brings one.
      const isSkipped =
        move.decision === 'skip' || from.world.runs.some(({ forward }) => forward === 'skipped');
      const isDoubtful = move.isMadeUp || isSkipped;
      const cure = isSkipped ? `${fault.cure}; ${SKIPPED_CURE}` : fault.cure;
      fail(move.label, isDoubtful ? { ...fault, cure, severity: 'warning' } : fault);
    }
  }
  return reached;
}

type Arrival = Extract<Turn, { readonly state: SagaState }>;
type Step = Pick<Move, 'label' | 'drive' | 'subject' | 'answer' | 'decision' | 'step'> & {
  /** The drawn transitions that the turn took. */
  readonly takes: readonly object[];
  readonly input: number;
};

const START = {
  drive: 'outside',
  subject: 'start',
  answer: null,
  decision: null,
  step: null,
} as const;

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
    const way = from === null ? [] : wayTo(nodes, from.index);
    const last = wayStep(step.label, state.snapshot.value, step.takes);
    for (const fault of all) findings.add(fault, [...way, last]);
  }
  for (const each of step.takes) growing.taken.add(each);
  const { index, isNew } = nodeOf(growing, from, step, state, world);
  if (from !== null) nodes[from.index]?.edges.push(edgeTo(index, step, from.state, state));
  const goesOn = isNew && !isOver(state) && state.status !== 'parked';
  return goesOn ? [{ index, state, world, input: step.input }] : [];
}

const SKIPPED_CURE =
  'a step that is skipped has no result unless the command brings one in its context';

/** What the world learns of the inbound itself. */
function tell(
  definition: SagaDefinition,
  from: Frontier | null,
  { answer: given, decision, step }: Step,
): World {
  if (from === null) return NOTHING;
  const { world, state } = from;
  if (given !== null) return answer(world, given);
  return decision === null ? world : decide(world, decision, standing(definition, state, step));
}

function standing(
  definition: SagaDefinition,
  { status, live }: SagaState,
  named: string | null,
): Standing {
  const retrying = Object.keys(live.timers).flatMap((timer) => {
    const role = definition.timers.get(timer);
    const invoke = role?.kind === 'retry' ? definition.invokes.get(role.activity) : undefined;
    return invoke === undefined ? [] : [invoke];
  });
  return {
    status,
    named,
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
  { label, takes, input }: Step,
  state: SagaState,
  world: World,
): { readonly index: number; readonly isNew: boolean } {
  const identity = identityOf(state, world, input);
  const known = indexes.get(identity);
  if (known !== undefined) return { index: known, isNew: false };
  const index = nodes.length;
  indexes.set(identity, index);
  nodes.push({
    parent: from?.index ?? null,
    event: label,
    takes,
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
  const { label, drive, takes } = step;
  return { to, label, drive, takes, timer, isCounted, keptTimers };
}
