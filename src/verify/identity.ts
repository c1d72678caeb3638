/**
 * When two states count as one: what the future of a saga, and the judgement on it, depends on.
 *
 * Times, tokens, messages and the numbers of attempts that the machine does not count itself are
 * left out; otherwise every loop would be endless.
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { canonicalJson } from '../core/json.ts';
import { isDescendant, nodesOf, readFields, transitionsOf } from '../core/machine/machine-nodes.ts';
import type { SagaContext } from '../core/define/saga-context.ts';
import { isOwed, wasGivenUp } from '../core/turn/ledger.ts';
import { persistMachine } from '../core/machine/persisted-machine.ts';
import type { SagaState } from '../core/state.ts';
import type { StepStatus } from '../core/status.ts';
import { timerName } from '../core/machine/timer-ids.ts';
import { triesShape } from './budgets.ts';
import { isOpen, type Run, type World } from './world.ts';

/** Runs of one step that are told apart; a loop beyond that is the same loop. */
export const MAX_RUNS_TOLD_APART = 2;

/** True for the machine of a builder saga, whose context is known to the last member. */
export function isCompiled({ snapshot }: SagaState): boolean {
  return builderTraits(snapshot) !== null;
}

/** Equal text: the same future. `input`: which one it began with; its conditions may read it. */
export function identityOf(state: SagaState, world: World, input = 0): string {
  const { value, context, historyValue, children } = persistMachine(
    state.snapshot,
    state.live.activities,
  );
  const live = liveShape(state);
  const builder = builderTraits(state.snapshot);
  if (builder !== null) {
    const { rounds, results } = context as SagaContext;
    const { steps } = state;
    // What no compensation undoes is told by the world alone.
    const owed = steps
      .filter((entry) => entry.kind === 'compensatable' && isOwed(entry))
      .map(({ name, round }) => (round === undefined ? name : [name, round]));
    const asked = [owed, wasGivenUp(steps)];
    const told = worldShape(world, state, builder);
    const strays = straysIn(results, steps, builder);
    const shape = [value, ...asked, triesShape(state), rounds, live, told, strays];
    // Elsewhere the place says which results there are, but for those that nobody gave.
    const areTold = builder.isConditional || !builder.isOneWay;
    return JSON.stringify(areTold ? [...shape, input, canonicalJson(results)] : shape);
  }
  const shape = boundedRuns(world.runs, letterOf);
  return canonicalJson([state.status, value, historyValue, context, children, live, shape]);
}

/** True where sagas that began with other inputs are told apart, by their conditions or context. */
export function isDistinguished(machine: AnyStateMachine): boolean {
  return traitsOf(machine)?.isConditional ?? true;
}

/** What is known of the machine of a builder saga. */
interface Traits {
  readonly isConditional: boolean;
  /** Nothing leads from the way back to a step again: so the compiler draws it, always. */
  readonly isOneWay: boolean;
  /** Names of its steps. */
  readonly steps: ReadonlySet<string>;
}

function builderTraits({ machine }: SagaState['snapshot']): Traits | null {
  return traitsOf(machine as AnyStateMachine);
}

const knownTraits = new WeakMap<AnyStateMachine, Traits>();

// What `compileSaga` says of its machine in the meta of the root.
function traitsOf(machine: AnyStateMachine): Traits | null {
  const { builder } = readFields(machine.root.meta);
  if (builder === undefined) return null;
  let traits = knownTraits.get(machine);
  if (traits === undefined) {
    const isConditional = readFields(builder)['isConditional'] === true;
    traits = { isConditional, isOneWay: isOneWay(machine), steps: stepsOf(machine) };
    knownTraits.set(machine, traits);
  }
  return traits;
}

function isOneWay(machine: AnyStateMachine): boolean {
  const back = machine.root.states['compensating'];
  if (back === undefined) return true;
  const isBack = (node: AnyStateNode): boolean => node === back || isDescendant(node, back);
  const targets = nodesOf(machine)
    .filter(isBack)
    .flatMap((node) => transitionsOf(node))
    .flatMap(({ target }): readonly AnyStateNode[] => target ?? []);
  return targets.every((node) => isBack(node) || node.type === 'final');
}

function stepsOf(machine: AnyStateMachine): ReadonlySet<string> {
  const names = nodesOf(machine).map(({ meta }) => readFields(meta)['step']);
  return new Set(names.filter((name) => typeof name === 'string'));
}

// Steps that have a result, other than the `null` of one that a person or a probe settled, and are
// not known to have answered: none, unless the drawing keeps what something else brought as theirs.
function straysIn(
  results: SagaContext['results'],
  ledger: SagaState['steps'],
  { steps }: Traits,
): readonly string[] | undefined {
  const isStray = (name: string): boolean =>
    steps.has(name) &&
    !ledger.some((entry) => entry.name === name && !UNANSWERED.has(entry.status));
  const given = Object.keys(results).filter((name) => (results[name] ?? null) !== null);
  const strays = given.filter(isStray);
  return strays.length === 0 ? undefined : strays;
}

const UNANSWERED: ReadonlySet<StepStatus> = new Set(['running', 'retrying', 'in_doubt', 'failed']);

function liveShape({ live }: SagaState): string {
  const activities = Object.keys(live.activities).toSorted();
  const timers = Object.keys(live.timers).map(timerName).toSorted();
  return `${activities.join(',')}|${timers.join(',')}`;
}

/** A pivot or retriable step that failed is forward still. */
const FORWARD: ReadonlySet<SagaState['status']> = new Set([
  'running',
  'waiting',
  'completed',
  'failed',
]);

// Once a saga that never goes forward again compensates, it only matters what is owed, so that the
// point of failure does not multiply the states. Nor does it matter of a step past the pivot whether
// it was done or given up, but that something was, see `identityOf`. That it is past is told all the
// same: a drawing may lead back, and what is done by then is left behind.
function worldShape({ runs }: World, { status, steps }: SagaState, traits: Traits): string {
  if (!FORWARD.has(status) && traits.isOneWay) return boundedRuns(runs, owedLetterOf);
  const kinds = new Map(steps.map(({ name, kind }) => [name, kind]));
  const isUndoable = ({ step }: Run): boolean => kinds.get(step) === 'compensatable';
  const isPast = (run: Run): boolean =>
    !isUndoable(run) && (run.forward === 'done' || run.forward === 'skipped');
  return boundedRuns(withoutIdleOrder(runs, isUndoable), (run) =>
    isPast(run) ? 'past' : letterOf(run),
  );
}

/**
 * The runs, those that nothing undoes by name wherever they stand next to one another: steps side by
 * side past the pivot begin again in any order, and k of them would stand in k! orders.
 *
 * Sound because the order of such runs is read by one thing alone, `skip` without a name, which takes
 * the last: where there are several, `moves.ts` names each of them in turn, so that whatever it would
 * take in any order is explored in this one. What a compensation asks, which runs came after its
 * own, is about runs of the other kind, and those keep their place.
 */
function withoutIdleOrder(runs: readonly Run[], isUndoable: (run: Run) => boolean): readonly Run[] {
  const ordered: Run[] = [];
  let idle: Run[] = [];
  const lay = (): void => {
    // Runs of one step stay in the order they began in: sorting is stable.
    ordered.push(
      ...idle.toSorted((one, other) =>
        one.step < other.step ? -1 : Number(one.step > other.step),
      ),
    );
    idle = [];
  };
  for (const run of runs) {
    if (!isUndoable(run)) {
      idle.push(run);
      continue;
    }
    lay();
    ordered.push(run);
  }
  lay();
  return ordered;
}

// A run that is over and owes nothing says nothing once its step has run again.
function boundedRuns(runs: readonly Run[], letter: (run: Run) => string): string {
  const seen = new Map<string, number>();
  const told: string[] = [];
  for (const run of runs) {
    const isLast = runs.findLast(({ step }) => step === run.step) === run;
    const text = isLast || isOpen(run) ? letter(run) : '';
    if (text === '') continue;
    const name = `${run.step}=${text}`;
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    if (count <= MAX_RUNS_TOLD_APART) told.push(name);
  }
  return told.join(' ');
}

function letterOf({ forward, isDoubtful, undo, overtakenBy }: Run): string {
  return `${forward}${isDoubtful ? '?' : ''}/${undo}/${overtakenBy ?? ''}`;
}

function owedLetterOf(run: Run): string {
  return isOpen(run) ? `owed/${run.overtakenBy ?? ''}` : '';
}
