/**
 * Matchers over the story of a saga, for `expect.extend` of vitest and of whatever speaks like it.
 * A failure tells the whole story, so that nobody has to run the test again to see it.
 */
import { isOwed } from '../core/turn/ledger.ts';
import { readInvokes } from '../core/machine/machine-roles.ts';
import { UNSETTLED } from '../core/turn/park-instead.ts';
import { isSettled, type SagaStatus } from '../core/status.ts';
import { areIndependent } from '../verify/places.ts';
import {
  type CompensatedRun,
  compensatedRuns,
  compensatedSteps,
  type SagaStory,
  storyText,
} from './saga-story.ts';

/** What a matcher answers. */
export interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

/** The matchers as `expect` shows them; `backstep/testing/vitest` declares them for vitest. */
export interface SagaMatchers<Result = void> {
  /** Every step is done. */
  toBeCompleted(): Result;
  /** Every step that had, or may have had, its effect is compensated. */
  toBeCompensated(): Result;
  /** The saga stands so, as in `compensation_failed` or `waiting`. */
  toHaveStatus(status: SagaStatus): Result;
  /** Exactly these steps are compensated, in this order; name the steps, the last one first. */
  toHaveCompensatedInOrder(steps: readonly string[]): Result;
  /**
   * What must hold of any saga: a completed one has no step left undone, a compensated one has
   * nothing left that stands, and compensations began in reverse order of start, but for steps in
   * different branches of a parallel block.
   */
  toBeSound(): Result;
}

/** For `expect.extend(sagaMatchers)`. */
export const sagaMatchers = {
  toBeCompleted: (received: unknown) => judgeStatus(received, 'completed'),
  toBeCompensated: (received: unknown) => judgeStatus(received, 'compensated'),
  toHaveStatus: (received: unknown, status: SagaStatus) => judgeStatus(received, status),
  toHaveCompensatedInOrder: judgeOrder,
  toBeSound: judgeSound,
} as const;

function judgeStatus(received: unknown, status: SagaStatus): MatcherResult {
  const story = storyIn(received);
  const faults = story.status === status ? faultsOf(story) : [`it is ${story.status}`];
  return answer(story, `to be ${status}`, faults);
}

function judgeOrder(received: unknown, steps: readonly string[]): MatcherResult {
  const story = storyIn(received);
  const is = compensatedSteps(story);
  const isSame = is.length === steps.length && is.every((name, index) => name === steps[index]);
  const wanted = `to have compensated ${steps.join(', then ') || 'nothing'}`;
  return answer(story, wanted, isSame ? [] : [`it compensated ${is.join(', then ') || 'nothing'}`]);
}

function judgeSound(received: unknown): MatcherResult {
  const story = storyIn(received);
  return answer(story, 'to be sound', faultsOf(story));
}

/** Faults that fail every matcher, whatever it asks. */
function faultsOf(story: SagaStory): string[] {
  const { status, state } = story;
  const faults: string[] = [];
  for (const entry of state.steps) {
    const isOpen = isOwed(entry) && (status === 'compensated' || entry.status !== 'completed');
    const isEnd = status === 'completed' || status === 'compensated';
    if (isEnd && isOpen) faults.push(`it is ${status} and ${entry.name} is ${entry.status}`);
  }
  if (state.parkReason?.code === UNSETTLED) faults.push(state.parkReason.message);
  if (!isSettled(status)) return faults;
  return [...faults, ...orderFaults(story)];
}

function orderFaults(story: SagaStory): string[] {
  const runs = compensatedRuns(story);
  const isOvertaken = ({ name, startedAs }: CompensatedRun, at: number): boolean =>
    runs.slice(0, at).some((before) => {
      if (before.startedAs > startedAs) return false;
      const { machine } = story.state.snapshot;
      return !areIndependent(machine, before.name, name, readInvokes(machine));
    });
  if (!runs.some(isOvertaken)) return [];
  const right = runs.toSorted((one, other) => other.startedAs - one.startedAs);
  return [`it compensated ${inOrder(runs)}, not ${inOrder(right)}`];
}

function inOrder(runs: readonly CompensatedRun[]): string {
  return runs.map(({ name }) => name).join(', then ');
}

function answer(story: SagaStory, wanted: string, faults: readonly string[]): MatcherResult {
  const pass = faults.length === 0;
  const told = storyText(story);
  return {
    pass,
    message: () =>
      pass
        ? `expected the saga not ${wanted}\n\n${told}`
        : `expected the saga ${wanted}, but ${faults.join('; ')}\n\n${told}`,
  };
}

function storyIn(received: unknown): SagaStory {
  if (received !== null && typeof received === 'object' && 'kind' in received) {
    if (received.kind === 'saga-story') return received as SagaStory;
  }
  throw new TypeError(
    'this matcher takes the story of a saga: what `engine.run()`, `engine.story(id)` or a path ' +
      'of `pathsOf(saga)` gives',
  );
}
