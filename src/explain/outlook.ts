/**
 * What a saga is at, and what happens next by itself: read off what is live.
 *
 * Pure, and the same for builder sagas and hand-written machines. Invariant: empty exactly when
 * nothing will happen before an event or a person comes.
 */
import { attemptBudgets } from '../core/machine/attempt-budgets.ts';
import type { SagaDefinition } from '../core/define/definition.ts';
import { presentEntry } from '../core/turn/ledger.ts';
import { type Direction, isStill, type Live, type SagaState } from '../core/state.ts';
import { timerName } from '../core/machine/timer-ids.ts';

/** An attempt under way. */
export interface AttemptUnderWay {
  readonly kind: 'attempt';
  readonly activity: string;
  readonly step: string;
  readonly direction: Direction;
  readonly attempt: number;
  /** Most attempts; `null`: the machine does not say. */
  readonly budget: number | null;
  /** How often this very attempt was started; above 1 after a crash. */
  readonly dispatches: number;
  /** The child saga that runs in place of an activity. */
  readonly childId: string | null;
  /** Longest it may take from its dispatch; `null`: nothing bounds it. */
  readonly timeoutMs: number | null;
}

/** An attempt that waits for its retry delay. */
export interface AttemptToCome {
  readonly kind: 'retry';
  readonly activity: string;
  readonly direction: Direction;
  /** The number of the attempt to come. */
  readonly attempt: number;
  readonly budget: number | null;
  readonly dueMs: number;
}

/** Any other timer with a due time. */
export interface TimerToCome {
  readonly kind: 'timer';
  readonly delay: string;
  readonly dueMs: number;
}

export type Prospect = AttemptUnderWay | AttemptToCome | TimerToCome;

/** Attempts under way first, then what is due, the next one first. Nothing moves a frozen saga. */
export function outlookOf(definition: SagaDefinition, state: SagaState): readonly Prospect[] {
  if (isStill(state)) return [];
  const budgets = attemptBudgets(definition.machine);
  const due = Object.entries(state.live.timers).flatMap(([id, { dueMs }]) =>
    dueMs === undefined ? [] : [timerProspect(definition, state, budgets, id, dueMs)],
  );
  return [
    ...attemptsOf(definition, state.live, budgets),
    ...due.toSorted((one, other) => one.dueMs - other.dueMs),
  ];
}

function attemptsOf(
  definition: SagaDefinition,
  live: Live,
  budgets: ReadonlyMap<string, number>,
): readonly AttemptUnderWay[] {
  return Object.entries(live.activities).map(([activity, one]) => ({
    kind: 'attempt',
    activity,
    step: one.step,
    direction: one.direction,
    attempt: one.attempt,
    budget: budgets.get(activity) ?? null,
    dispatches: one.dispatches,
    childId: one.childId ?? null,
    timeoutMs: timeoutOf(definition, live, activity),
  }));
}

function timeoutOf({ timers }: SagaDefinition, live: Live, activity: string): number | null {
  for (const [id, { delayMs }] of Object.entries(live.timers)) {
    const role = timers.get(id);
    if (role?.kind === 'attempt-timeout' && role.activity === activity) return delayMs ?? null;
  }
  return null;
}

function timerProspect(
  definition: SagaDefinition,
  { steps }: SagaState,
  budgets: ReadonlyMap<string, number>,
  id: string,
  dueMs: number,
): AttemptToCome | TimerToCome {
  const role = definition.timers.get(id);
  if (role?.kind !== 'retry') {
    // A delayed event has no role; its id ends in a count.
    return { kind: 'timer', delay: role?.kind === 'wait' ? role.delay : timerName(id), dueMs };
  }
  const { activity } = role;
  const invoke = definition.invokes.get(activity);
  const direction = invoke?.direction ?? 'forward';
  const entry = presentEntry(steps, invoke?.step ?? activity, direction);
  const attempts = {
    forward: entry?.attempts,
    compensate: entry?.compensation?.attempts,
    probe: entry?.probes,
  }[direction];
  const budget = budgets.get(activity) ?? null;
  return { kind: 'retry', activity, direction, attempt: (attempts ?? 0) + 1, budget, dueMs };
}
