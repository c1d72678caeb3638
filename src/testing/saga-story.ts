/**
 * What became of one saga, in a form that a test can ask questions of: where it went, what it
 * called, what it compensated and in which order.
 */
import type { SagaDefinition } from '../core/define/definition.ts';
import type { Effect } from '../core/turn/inbound.ts';
import type { Replay } from '../core/history/replay.ts';
import type { Direction, SagaState, StepEntry } from '../core/state.ts';
import type { SagaStatus } from '../core/status.ts';

/** An attempt that the saga commanded. */
export interface StartedAttempt {
  /** The invoke's id, which is the activity's name where a saga was built. */
  readonly activity: string;
  readonly step: string;
  readonly direction: Direction;
  readonly attempt: number;
  readonly key: string;
}

/** One saga, from its start to where it stands now. */
export interface SagaStory {
  readonly kind: 'saga-story';
  readonly type: string;
  readonly id: string;
  readonly status: SagaStatus;
  readonly state: SagaState;
  /** The state paths it was in, one for each turn. */
  readonly trail: readonly string[];
  /** Every attempt, in order. */
  readonly started: readonly StartedAttempt[];
}

/** The story that a replayed journal tells. Throws when it does not replay, and says where. */
export function storyOf(
  definition: SagaDefinition,
  id: string,
  { turns, flaw }: Replay,
): SagaStory {
  if (flaw !== null) {
    throw new Error(`the journal of saga ${id} does not replay at ${flaw.sagaSeq}: ${flaw.why}`);
  }
  const last = turns.at(-1);
  if (last === undefined) throw new Error(`saga ${id} has no journal`);
  return {
    kind: 'saga-story',
    type: definition.id,
    id,
    status: last.state.status,
    state: last.state,
    trail: turns.map(({ record }) => record.to),
    started: turns.flatMap(({ effects }) => effects.flatMap(attemptOf)),
  };
}

/** Names of the steps that were compensated, in the order in which their compensations began. */
export function compensatedSteps({ started, state }: SagaStory): readonly string[] {
  const undone = started.filter(({ direction }) => direction === 'compensate');
  const names = [...new Set(undone.map(({ step }) => step))];
  return names.filter((name) => lastRunOf(state, name)?.status === 'compensated');
}

/** Names of the steps that were started, in the order of their first start. */
export function startedSteps({ state }: SagaStory): readonly string[] {
  return [...new Set(state.steps.map(({ name }) => name))];
}

/** One run of a step that was compensated. */
export interface CompensatedRun {
  readonly name: string;
  /** Its place among all runs, in order of start. */
  readonly startedAs: number;
}

/** Every run that was compensated, in the order in which their compensations began. */
export function compensatedRuns({
  started,
  state: { steps },
}: SagaStory): readonly CompensatedRun[] {
  const undone = started.filter(({ direction }) => direction === 'compensate');
  const runs = undone.map(({ step, key }) => `${step}/${key.split('/').at(-1)}`);
  return [...new Set(runs)].flatMap((run) => {
    const startedAs = steps.findIndex(
      ({ name, occurrence, status }) => `${name}/${occurrence}` === run && status === 'compensated',
    );
    const name = steps[startedAs]?.name;
    return name === undefined ? [] : [{ name, startedAs }];
  });
}

/** A few lines that tell a person what happened. */
export function storyText({ type, id, status, state, trail }: SagaStory): string {
  const steps = state.steps.map(stepText);
  const why = state.parkReason ?? state.failureReason;
  return [
    `saga ${type} ${id} is ${status}`,
    ...(why === null ? [] : [`  because ${why.code}: ${why.message}`]),
    `  steps: ${steps.join(', ') || 'none'}`,
    `  trail: ${trail.join(' → ')}`,
  ].join('\n');
}

function stepText({ name, status, attempts, error, compensation }: StepEntry): string {
  const tries = attempts === 1 ? '' : `, ${attempts} attempts`;
  const why = compensation?.error ?? error;
  return `${name} ${status}${tries}${why === undefined ? '' : ` (${why.code})`}`;
}

function lastRunOf({ steps }: SagaState, name: string): StepEntry | undefined {
  return steps.findLast((step) => step.name === name);
}

/** The attempt that an effect commands; none for any other. */
export function attemptOf(effect: Effect): StartedAttempt[] {
  if (effect.kind !== 'start-activity') return [];
  const { activity, step, direction, attempt, key } = effect;
  return [{ activity, step, direction, attempt, key }];
}
