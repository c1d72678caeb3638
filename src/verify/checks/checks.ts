/**
 * The judgement on one turn: what it started against what had happened, and what it claims when
 * it ends a saga.
 *
 * Pure: faults out, nothing kept. Every fault names the place and the cure.
 */
import type { SagaDefinition } from '../../core/define/definition.ts';
import type { Effect, Turn } from '../../core/turn/inbound.ts';
import { isOver, type SagaState } from '../../core/state.ts';
import type { FindingCode } from '../finding-codes.ts';
import type { Fault } from '../findings.ts';
import { areIndependent, placeOf } from '../places.ts';
import { judgeUndoing, roundOf } from './undoing.ts';
import {
  isOwed,
  lastRun,
  overtake,
  type Run,
  runToUndo,
  stands,
  startAttempt,
  type World,
} from '../world.ts';

type Start = Extract<Effect, { kind: 'start-activity' }>;

/** A world, and what was wrong on the way to it. */
export interface Judged {
  readonly world: World;
  readonly faults: readonly Fault[];
}

/** Starts what a turn commands, in its order, and judges each start. */
export function judgeStarts(
  definition: SagaDefinition,
  world: World,
  before: SagaState | null,
  isGoingBack: boolean,
  { state, effects }: Extract<Turn, { kind: 'advanced' }>,
): Judged {
  let next = world;
  const faults: Fault[] = [];
  for (const effect of effects) {
    // What listens has no effect that is owed, and no end that anybody waits for.
    if (effect.kind !== 'start-activity' || effect.listener !== undefined) continue;
    faults.push(...judgeStart(definition, next, effect, state));
    if (effect.direction === 'forward' && isGoingBack)
      faults.push(forwardWhileCompensating(effect));
    const isRetry = retriesIn(definition, before).has(effect.step);
    const { step } = effect;
    const isReadOnly = definition.invokes.get(effect.activity)?.kind === 'read-only';
    const round = roundOf(definition, step, state);
    const moment = { turn: state.seq, isRetry, round, isReadOnly };
    next = startAttempt(overtaking(definition, next, effect), effect, moment);
  }
  return { world: next, faults };
}

/** The steps whose retry delay ran in this state. */
function retriesIn(definition: SagaDefinition, before: SagaState | null): ReadonlySet<string> {
  const steps = new Set<string>();
  for (const timer of Object.keys(before?.live.timers ?? {})) {
    const role = definition.timers.get(timer);
    if (role?.kind !== 'retry') continue;
    const invoke = definition.invokes.get(role.activity);
    if (invoke?.direction === 'forward') steps.add(invoke.step);
  }
  return steps;
}

/** What is wrong with the claim of a saga that ended. */
export function judgeEnd(definition: SagaDefinition, world: World, state: SagaState): Fault[] {
  if (state.status === 'compensated') return judgeCompensated(definition, world, state);
  if (state.status === 'completed') return judgeCompleted(world, state);
  if (isOver(state)) return judgeGivenUp(definition, world, state);
  return [];
}

function judgeStart(
  definition: SagaDefinition,
  world: World,
  start: Start,
  state: SagaState,
): Fault[] {
  const { step, direction, activity, token } = start;
  const running = world.attempts.find(
    (each) =>
      each.step === step &&
      each.direction === direction &&
      (each.activity !== activity || each.token !== token),
  );
  if (running !== undefined) {
    return [
      fault(
        'started-twice',
        step,
        `"${activity}" starts for step "${step}" while "${running.activity}" still runs for it`,
        'leave the first state before entering the second, or give each a step of its own in meta',
      ),
    ];
  }
  if (direction !== 'compensate') return [];
  const faults = judgeCompensation(definition, world, start);
  return faults.length > 0 ? faults : judgeUndoing(definition, world, start, state);
}

function judgeCompensation(
  definition: SagaDefinition,
  world: World,
  { step, activity }: Start,
): Fault[] {
  const run = runToUndo(world, step);
  if (run === undefined) {
    return [
      fault(
        'compensation-of-nothing',
        step,
        `"${activity}" compensates step "${step}", which was never started on this path`,
        'enter the compensations at the step that failed, not before it',
      ),
    ];
  }
  if (run.undo === 'done') {
    return [
      fault(
        'double-compensation',
        step,
        `"${activity}" compensates step "${step}" a second time`,
        'remember in the context what is compensated, or go on to the next compensation',
      ),
    ];
  }
  if (run.forward === 'running') {
    return [
      fault(
        'wrong-order',
        step,
        `"${activity}" compensates step "${step}" while that step still runs`,
        'leave the state that invokes it first',
      ),
    ];
  }
  // One whose compensation was given up does not hold up the others.
  const busy = laterRuns(definition, world, run).find(({ undo }) => undo === 'running');
  if (busy !== undefined) return [wrongOrder(activity, step, `beside step "${busy.step}"`)];
  if (run.overtakenBy === null) return [];
  return [wrongOrder(activity, step, `after step "${run.overtakenBy}"`)];
}

function wrongOrder(activity: string, step: string, relation: string): Fault {
  return {
    ...fault(
      'wrong-order',
      step,
      `"${activity}" compensates step "${step}" ${relation}`,
      'compensate one at a time in reverse order of start, or put the steps into regions of a ' +
        'parallel state',
    ),
    subject: `${step} ${relation}`,
  };
}

/** Marks what a compensation leaves behind although it must be undone first. */
function overtaking(definition: SagaDefinition, world: World, start: Start): World {
  const run = runToUndo(world, start.step);
  if (start.direction !== 'compensate' || run === undefined) return world;
  const overtaken = laterRuns(definition, world, run).filter(({ undo }) => undo === 'none');
  return overtake(world, start.step, overtaken);
}

/** Owed steps that started after the run and depend on it, as far as anyone declared. */
function laterRuns(definition: SagaDefinition, world: World, run: Run): readonly Run[] {
  return world.runs
    .slice(world.runs.indexOf(run) + 1)
    .filter((later) => isOwed(later) && later.startedAt !== run.startedAt)
    .filter(({ step }) => !areIndependent(definition.machine, run.step, step, definition.invokes));
}

function forwardWhileCompensating({ activity, step }: Start): Fault {
  return fault(
    'forward-while-compensating',
    step,
    `"${activity}" runs step "${step}" while the saga compensates`,
    'no transition may lead from a compensating state to a step',
  );
}

function judgeCompensated(definition: SagaDefinition, world: World, state: SagaState): Fault[] {
  return world.runs.flatMap((run) => {
    const { step } = run;
    const end = `the saga ends compensated in ${placeOf(state)}`;
    if (run.undo === 'failed' || run.undo === 'running' || run.undo === 'skipped') {
      const kind = UNDO_WORDS[run.undo];
      return [
        fault(
          'hidden-compensation-failure',
          step,
          `${end} although the compensation of step "${step}" ${kind}`,
          'lead its onError and time-out to a state tagged compensation_failed',
        ),
      ];
    }
    if (!isOwed(run)) return [];
    const what = run.forward === 'done' ? 'is done' : 'may have happened';
    return [
      fault(
        'left-uncompensated',
        step,
        `${end} but step "${step}" ${what} and was not compensated`,
        cureFor(definition, step),
      ),
    ];
  });
}

// A person may give up what they were told of, and nothing else.
function judgeGivenUp(definition: SagaDefinition, world: World, state: SagaState): Fault[] {
  const end = `the saga ends ${state.status} in ${placeOf(state)}`;
  const undoable = definition.steps.filter(({ compensation }) => compensation !== null);
  const isCutOff = ({ step, forward }: Run): boolean =>
    forward === 'running' && undoable.some(({ name }) => name === step);
  // Going back, a pivot that stands is as bad as any other step: what led up to it is gone.
  const isLeft = state.status === 'compensation_failed' ? isOwed : isCutOff;
  return world.runs
    .filter(isLeft)
    .map(({ step }) =>
      fault(
        'left-uncompensated',
        step,
        `${end} but step "${step}" is neither undone nor given up`,
        cureFor(definition, step),
      ),
    );
}

const UNDO_WORDS = {
  failed: 'failed',
  running: 'is not finished',
  skipped: 'was given up',
} as const;

function cureFor(definition: SagaDefinition, step: string): string {
  const known = definition.steps.find(({ name }) => name === step);
  if (known !== undefined && known.kind !== 'compensatable') {
    return `it is ${known.kind} and cannot be undone: lead this path to a state tagged failed`;
  }
  const compensation = known?.compensation ?? null;
  return compensation === null
    ? `add a state with meta { compensates: "${step}" } to this path, or make it the pivot`
    : `lead this path through "${compensation}"`;
}

function judgeCompleted(world: World, state: SagaState): Fault[] {
  const end = `the saga ends completed in ${placeOf(state)}`;
  const open = world.runs.find(isUnsettled);
  if (open !== undefined) {
    return [
      fault(
        'completed-unfinished',
        open.step,
        `${end} but nobody knows whether ${unsettledPart(open)}`,
        'repeat it, compensate it, or ask a person before the end',
      ),
    ];
  }
  const isAnyDone = world.runs.some(stands);
  if (!isAnyDone && world.runs.length > 0) {
    const cure = world.runs.some(({ undo }) => undo === 'done')
      ? 'tag the final state compensated'
      : 'lead a failure to the compensations and a final state tagged compensated';
    const all = fault('completed-unfinished', '', `${end} although no step stands`, cure);
    return [{ ...all, where: 'what they asked for' }];
  }
  return world.runs
    .filter((run) => run.forward === 'failed' && run.undo === 'none')
    .filter((run) => lastRun(world, run.step) === run)
    .map(({ step }) => ({
      ...fault(
        'completed-unfinished',
        step,
        `${end} although step "${step}" failed`,
        'compensate, unless another step stands in for it',
      ),
      severity: 'warning',
    }));
}

function isUnsettled({ forward, undo }: Run): boolean {
  if (undo === 'done' || undo === 'skipped') return false;
  return undo !== 'none' || forward === 'in-doubt' || forward === 'running';
}

function unsettledPart({ step, undo }: Run): string {
  return undo === 'none' ? `step "${step}" happened` : `step "${step}" was compensated`;
}

/** About a step. */
function fault(code: FindingCode, step: string, what: string, cure: string): Fault {
  return { code, severity: 'error', subject: step, where: `step "${step}"`, what, cure };
}
