/**
 * The rail of a saga: its way forward as stages, each step with the compensation that mirrors it,
 * as the saga stands. What dashboards draw by default.
 *
 * Pure: a definition and a state in, plain data out. It is derived from what the machine invokes,
 * where, and as what; never from the names of states, so hand-written machines have one too.
 * Invariant: every step of the definition is on the rail exactly once.
 */
import type { AnyStateNode } from 'xstate';
import { attemptBudgets } from '../core/machine/attempt-budgets.ts';
import type { SagaDefinition } from '../core/define/definition.ts';
import type { Failure } from '../core/failure.ts';
import { isOwed, presentEntry } from '../core/turn/ledger.ts';
import { lineageOf } from '../core/machine/machine-nodes.ts';
import { parallelsAround, type Place, placesOf } from './rail-places.ts';
import { activeNodes } from '../core/machine/macrostep/scope.ts';
import { statusOf } from '../core/machine/saga-status.ts';
import { forwardStatusOf } from '../core/turn/skip.ts';
import {
  isOver,
  isStill,
  type SagaState,
  type StepEntry,
  type StepProgress,
} from '../core/state.ts';
import type { SagaStatus, StepKind, StepStatus } from '../core/status.ts';
import { afterId } from '../core/machine/timer-ids.ts';

/** `idle`: it has not run, and nothing says that it will. `planned`: of no instance. */
export type SideStatus = StepStatus | 'idle' | 'planned';

/** One side of a step: the activity itself, or what undoes it. */
export interface RailSide {
  /** Name of the activity, or of the child saga. */
  readonly activity: string;
  readonly status: SideStatus;
  readonly attempts: number;
  /** Most attempts; `null`: the machine does not say. */
  readonly budget: number | null;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  /** Due time of the next attempt while a retry delay runs. */
  readonly nextAttemptAtMs: number | null;
  /** What the last attempt failed with. */
  readonly error: Failure | null;
  /** How often the attempt under way was started; above 1 after a crash. */
  readonly dispatches: number;
}

export interface RailStep {
  readonly stop: 'step';
  readonly name: string;
  readonly kind: StepKind;
  /** How often it was started anew, in a loop; what is shown is the last time. */
  readonly occurrences: number;
  readonly childId: string | null;
  /** How often it was asked whether the step happened. */
  readonly probes: number;
  /** When an attempt answered that the saga had given up; `null`: none did. */
  readonly lateAtMs: number | null;
  /** Who gave the step or its compensation up, and why; `null`: nobody did. */
  readonly skip: NonNullable<StepEntry['skip']> | null;
  readonly forward: RailSide;
  /** `null`: nothing undoes this step. */
  readonly compensation: RailSide | null;
}

/** A place on the way where the saga waits for an event or a person. */
export interface RailWait {
  readonly stop: 'wait';
  readonly name: string;
  readonly status: 'planned' | 'pending' | 'waiting' | 'passed' | 'idle';
  /** When its own timer ends the wait; `null`: none is armed. */
  readonly dueMs: number | null;
}

export type RailStop = RailStep | RailWait;

/** Stops that follow each other, or lanes of them at once. */
export interface RailStage {
  /** Name of the parallel state; `null` for a single stop. */
  readonly name: string | null;
  readonly lanes: readonly { readonly name: string | null; readonly stops: readonly RailStop[] }[];
}

export interface Rail {
  readonly stages: readonly RailStage[];
  /** Timers that bound more than one stop, such as a deadline of the whole way. */
  readonly limits: readonly { readonly delay: string; readonly dueMs: number }[];
  /** No timer acts before a person lets the saga go on, though its time passes. */
  readonly isStill: boolean;
}

/**
 * The rail of a saga as it stands; `state` null: of one that was not started. `null` for a machine
 * that is not shaped like a saga: without steps, parallel as a whole, or parallel within parallel.
 */
export function railOf(definition: SagaDefinition, state: SagaState | null): Rail | null {
  const places = placesOf(definition);
  const isShaped =
    definition.machine.root.type !== 'parallel' &&
    places.some(({ step }) => step !== null) &&
    places.every(({ node }) => parallelsAround(node).length <= 1);
  if (!isShaped) return null;
  const budgets = attemptBudgets(definition.machine);
  const waitNodes = places.filter(({ step }) => step === null).map(({ node }) => node);
  const furthest = places.findLastIndex(({ step }) => step !== null && isStarted(step, state));
  const stopAt = (place: Place, index: number): RailStop =>
    place.step === null
      ? waitStop(place.node, state, index < furthest)
      : stepStop(definition, place.step, state, budgets);
  const stages = Map.groupBy(
    places.map((place, index) => ({ place, stop: stopAt(place, index) })),
    ({ place }) => parallelsAround(place.node)[0] ?? place,
  );
  return {
    stages: [...stages.values()].map((stops) => stageOf(stops)),
    limits: limitsOf(definition, state, waitNodes),
    isStill: state !== null && isStill(state),
  };
}

/** Every step of a rail, in order. */
export function stepsOn({ stages }: Rail): readonly RailStep[] {
  return stages
    .flatMap(({ lanes }) => lanes.flatMap(({ stops }) => stops))
    .filter((stop) => stop.stop === 'step');
}

function stageOf(
  members: readonly { readonly place: Place; readonly stop: RailStop }[],
): RailStage {
  const [first] = members;
  const around = first === undefined ? undefined : parallelsAround(first.place.node)[0];
  if (around === undefined) {
    return { name: null, lanes: [{ name: null, stops: members.map(({ stop }) => stop) }] };
  }
  const lanes = Map.groupBy(members, ({ place }) => {
    const lineage = lineageOf(place.node);
    return lineage[lineage.indexOf(around) + 1]?.key ?? '';
  });
  return {
    name: around.key,
    lanes: [...lanes].map(([name, lane]) => ({ name, stops: lane.map(({ stop }) => stop) })),
  };
}

function isStarted(step: string, state: SagaState | null): boolean {
  return state?.steps.some(({ name }) => name === step) ?? false;
}

function waitStop(node: AnyStateNode, state: SagaState | null, isBehind: boolean): RailWait {
  const base = { stop: 'wait' as const, name: node.key };
  if (state === null) return { ...base, status: 'planned', dueMs: null };
  // One that was terminated stays in its last state, and waits for nothing there.
  if (!isOver(state) && isActive(state, node)) {
    return { ...base, status: 'waiting', dueMs: dueOf(state, node) };
  }
  const isPassed = isBehind || state.status === 'completed';
  const isAhead = WAITS_AHEAD.includes(statusBelow(state));
  return { ...base, status: isPassed ? 'passed' : isAhead ? 'pending' : 'idle', dueMs: null };
}

/** Statuses in which a wait that was not reached may still come. */
const WAITS_AHEAD: readonly SagaStatus[] = ['running', 'waiting'];

function isActive({ snapshot }: SagaState, node: AnyStateNode): boolean {
  return snapshot.status === 'active' && activeNodes(snapshot).some(({ id }) => id === node.id);
}

// The last one ends the wait; earlier ones within it are reminders.
function dueOf(state: SagaState, node: AnyStateNode): number | null {
  const due = nodesIn(node).flatMap(({ id, config }) =>
    Object.keys(config.after ?? {}).flatMap(
      (delay) => state.live.timers[afterId(delay, id)]?.dueMs ?? [],
    ),
  );
  return due.length === 0 ? null : Math.max(...due);
}

function nodesIn(node: AnyStateNode): readonly AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap(nodesIn)];
}

function stepStop(
  definition: SagaDefinition,
  name: string,
  state: SagaState | null,
  budgets: ReadonlyMap<string, number>,
): RailStep {
  const planned = definition.steps.find((step) => step.name === name);
  const started = state?.steps ?? [];
  // A loop is undone run by run: on the way back the run that is undone next is shown.
  const entry = presentEntry(started, name, isTurningBack(state) ? 'compensate' : 'forward');
  const forward = invokesOf(definition, name, 'forward')[0] ?? name;
  const compensation = entry?.compensation?.name ?? planned?.compensation ?? null;
  return {
    stop: 'step',
    name,
    kind: planned?.kind ?? 'compensatable',
    occurrences: started.filter((step) => step.name === name).length,
    childId: entry?.childId ?? null,
    probes: entry?.probes ?? 0,
    lateAtMs: entry?.late?.atMs ?? null,
    skip: entry?.skip ?? null,
    forward: {
      ...progressOf(entry),
      activity: forward,
      status: entry === undefined ? notStarted(state) : forwardStatusOf(entry),
      budget: budgets.get(forward) ?? null,
      dispatches: state?.live.activities[forward]?.dispatches ?? 0,
    },
    compensation:
      compensation === null
        ? null
        : {
            ...progressOf(entry?.compensation),
            activity: compensation,
            status: undoStatus(entry, state),
            budget: budgets.get(compensation) ?? null,
            dispatches: state?.live.activities[compensation]?.dispatches ?? 0,
          },
  };
}

function notStarted(state: SagaState | null): SideStatus {
  if (state === null) return 'planned';
  return isOver(state) || isTurningBack(state) ? 'idle' : 'pending';
}

function invokesOf({ invokes }: SagaDefinition, step: string, direction: string): string[] {
  return [...invokes].flatMap(([id, role]) =>
    role.step === step && role.direction === direction ? [id] : [],
  );
}

function undoStatus(entry: StepEntry | undefined, state: SagaState | null): SideStatus {
  switch (entry?.compensation?.status) {
    case 'running':
    case 'retrying':
      return entry.compensation.status;
    case 'failed':
      return entry.status === 'skipped' ? 'skipped' : 'compensation_failed';
    case 'completed':
      return 'compensated';
    case undefined:
      if (state === null) return 'planned';
      if (entry?.status === 'skipped')
        return forwardStatusOf(entry) === 'skipped' ? 'idle' : 'skipped';
      // On the way back, what is owed has its turn still to come.
      return entry !== undefined && isOwed(entry) && isTurningBack(state) ? 'pending' : 'idle';
  }
}

function isTurningBack(state: SagaState | null): boolean {
  if (state === null || isOver(state)) return false;
  const status = statusBelow(state);
  return status === 'compensating' || status === 'compensation_failed';
}

/** Where the machine stands, also below a pause. */
function statusBelow(state: SagaState): SagaStatus {
  return isStill(state) ? statusOf(state.snapshot) : state.status;
}

function progressOf(progress: StepProgress | undefined) {
  return {
    attempts: progress?.attempts ?? 0,
    startedAtMs: progress?.startedAtMs ?? null,
    endedAtMs: progress?.endedAtMs ?? null,
    nextAttemptAtMs: progress?.nextAttemptAtMs ?? null,
    error: progress?.error ?? null,
  };
}

// What no wait of the rail shows: retries are on their step, time-outs have no due time.
function limitsOf(
  { timers }: SagaDefinition,
  state: SagaState | null,
  waits: readonly AnyStateNode[],
): Rail['limits'] {
  const inWaits = new Set(waits.flatMap(nodesIn).map(({ id }) => id));
  return Object.entries(state?.live.timers ?? {}).flatMap(([id, { dueMs }]) => {
    const role = timers.get(id);
    if (role?.kind !== 'wait' || dueMs === undefined) return [];
    const node = id.slice(afterId(role.delay, '').length);
    return inWaits.has(node) ? [] : [{ delay: role.delay, dueMs }];
  });
}
