/** Matchers: what passes, what fails, and whether the failure says what happened. */
import { expect, test } from 'vitest';
import type { SagaStatus, StepStatus } from '../../src/core/status.ts';
import { tripSaga } from '../runtime/trip-saga.ts';
import { sagaMatchers } from '../../src/testing/matchers.ts';
import type { SagaStory, StartedAttempt } from '../../src/testing/saga-story.ts';

/** A story of steps `a`, `b`, ... that stand as given. */
function story(
  status: SagaStatus,
  steps: Readonly<Record<string, StepStatus>>,
  undone: readonly string[] = [],
): SagaStory {
  const entries = Object.entries(steps).map(([name, at]) => ({
    name,
    kind: 'compensatable' as const,
    occurrence: 1,
    attempts: 1,
    startedAtMs: 0,
    status: at,
  }));
  const started: StartedAttempt[] = undone.map((step) => ({
    activity: `undo-${step}`,
    step,
    direction: 'compensate',
    attempt: 1,
    key: `s/${step}/compensate/1`,
  }));
  const failureReason = { code: 'refused', message: 'no', retryable: false, ambiguous: false };
  const state = {
    steps: entries,
    failureReason,
    parkReason: null,
    snapshot: { machine: tripSaga.machine },
  } as unknown as SagaStory['state'];
  const trail = ['working', 'undoing'];
  return { kind: 'saga-story', type: 'demo', id: 's', status, state, trail, started };
}

const undone = { a: 'compensated', b: 'compensated' } as const;

test('a status is matched, and one that lies about its steps is not', () => {
  expect(sagaMatchers.toBeCompleted(story('completed', { a: 'completed' })).pass).toBe(true);
  expect(sagaMatchers.toBeCompleted(story('compensated', undone, ['b', 'a'])).pass).toBe(false);
  expect(sagaMatchers.toBeCompleted(story('completed', { a: 'running' })).pass).toBe(false);
  expect(sagaMatchers.toBeCompensated(story('compensated', undone, ['b', 'a'])).pass).toBe(true);
  expect(sagaMatchers.toBeCompensated(story('compensated', { a: 'completed' })).pass).toBe(false);
  expect(sagaMatchers.toHaveStatus(story('waiting', { a: 'completed' }), 'waiting').pass).toBe(
    true,
  );
});

test('the order of compensation is matched step by step', () => {
  const { toHaveCompensatedInOrder } = sagaMatchers;
  const right = story('compensated', undone, ['b', 'a']);
  expect(toHaveCompensatedInOrder(right, ['b', 'a']).pass).toBe(true);
  expect(toHaveCompensatedInOrder(right, ['a', 'b']).pass).toBe(false);
  expect(toHaveCompensatedInOrder(right, ['b']).pass).toBe(false);
});

test('a saga that compensated in the order of its starts is not sound', () => {
  expect(sagaMatchers.toBeSound(story('compensated', undone, ['b', 'a'])).pass).toBe(true);
  const wrong = sagaMatchers.toBeSound(story('compensated', undone, ['a', 'b']));
  expect(wrong.pass).toBe(false);
  expect(wrong.message()).toContain('it compensated a, then b, not b, then a');
});

test('a failure tells the whole story', () => {
  const { message } = sagaMatchers.toBeCompleted(story('compensated', undone, ['b', 'a']));
  expect(message()).toBe(
    [
      'expected the saga to be completed, but it is compensated',
      '',
      'saga demo s is compensated',
      '  because refused: no',
      '  steps: a compensated, b compensated',
      '  trail: working → undoing',
    ].join('\n'),
  );
});

test('a matcher says what it takes when it is given something else', () => {
  expect(() => sagaMatchers.toBeSound({ status: 'completed' })).toThrow('the story of a saga');
});
