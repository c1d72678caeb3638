/** What reaches a saga that no transition takes, and what ends early. */
import { describe, expect, test } from 'vitest';
import { type AnyStateMachine, raise, setup } from 'xstate';
import { activity } from '../../../src/core/activity.ts';
import { durable } from '../../../src/core/define/durable.ts';
import { legalCommands } from '../../../src/core/turn/legal.ts';
import { UNHANDLED } from '../../../src/core/turn/park-instead.ts';
import { BUSY, LOST, REFUSED, SagaDriver } from './saga-driver.ts';

const kit = setup({
  actors: { book: activity<null, null>() },
  delays: { approval: 1_000, 'book.retry': 500 },
  guards: { never: () => false },
});

const book = { id: 'book', src: 'book', input: null } as const;

function sagaOf(states: object, initial = 'a'): SagaDriver {
  const machine = kit.createMachine({ id: 'hotel', initial, states } as never);
  return new SagaDriver(durable(machine as unknown as AnyStateMachine), null);
}

describe('a result that no transition takes', () => {
  test('ends its attempt in the ledger, as a transition from a state to itself', () => {
    const saga = sagaOf({ a: { invoke: { ...book, onError: 'b' } }, b: {} });
    const taken = saga.done('book', null);
    expect(taken).toMatchObject({
      kind: 'advanced',
      record: { kind: 'transition', from: 'a', to: 'a' },
      effects: [],
    });
    expect(saga.stepStatus('book')).toBe('completed');
    expect(saga.state.live.activities).toEqual({});
  });

  test('is told as a failure when it is one', () => {
    const saga = sagaOf({ a: { invoke: { ...book, onDone: 'b' } }, b: {} });
    expect(saga.fail('book', REFUSED).kind).toBe('advanced');
    expect(saga.stepStatus('book')).toBe('failed');
  });
});

test('a timer that no transition takes is gone, and its step no longer waits for it', () => {
  const saga = sagaOf({
    a: { invoke: { ...book, onError: 'b' } },
    b: { after: { 'book.retry': { target: 'a', guard: 'never' } } },
  });
  saga.fail('book', BUSY);
  expect(saga.stepStatus('book')).toBe('retrying');
  expect(saga.fireTimer('book.retry').kind).toBe('noted');
  expect(saga.state.live.timers).toEqual({});
  expect(saga.stepStatus('book')).toBe('failed');
});

test('two delayed raises without an id in one turn are both kept', () => {
  const soon = raise({ type: 'soon' }, { delay: 10 });
  const later = raise({ type: 'soon' }, { delay: 20 });
  const saga = sagaOf({
    a: { entry: [soon, later], on: { soon: 'b' } },
    b: { on: { soon: 'c' } },
    c: {},
  });
  expect(Object.values(saga.state.live.timers).map(({ dueMs }) => dueMs)).toEqual([
    1_000_010, 1_000_020,
  ]);
  saga.fireNextTimer();
  saga.fireNextTimer();
  expect(saga.trail).toEqual(['a', 'b', 'c']);
});

describe('an early end', () => {
  test('by an operator leaves the step under way in doubt', () => {
    const saga = sagaOf({ a: { invoke: book } });
    saga.command('terminate');
    expect(saga.state.steps).toMatchObject([
      { status: 'in_doubt', mayHaveHappened: true, error: { code: 'left-behind' } },
    ]);
  });

  test('by an operator ends a wait for the next attempt', () => {
    const saga = sagaOf({
      a: { invoke: { ...book, onError: 'b' } },
      b: { after: { 'book.retry': 'a' } },
    });
    saga.fail('book', BUSY);
    saga.command('terminate');
    expect(saga.stepStatus('book')).toBe('failed');
    expect(saga.state.steps[0]?.nextAttemptAtMs).toBeUndefined();
  });

  test('by an event answers a repeat of that event as a duplicate', () => {
    const saga = sagaOf({ a: { on: { end: 'b' } }, b: { type: 'final' } });
    const end = { kind: 'event', id: 'end-1', event: { type: 'end' } } as const;
    saga.take(end);
    expect(saga.state.status).toBe('completed');
    expect(saga.take(end)).toMatchObject({
      kind: 'noted',
      record: { note: 'duplicate event: this id was taken before' },
    });
    expect(saga.take({ ...end, id: 'end-2' })).toMatchObject({ kind: 'refused', reason: 'ended' });
  });
});

describe('a failure that nothing handles', () => {
  // It ends a live machine.
  const parked = (): SagaDriver => {
    const saga = sagaOf({ a: { invoke: { ...book, onDone: 'b' } }, b: {} });
    saga.fail('book', REFUSED);
    return saga;
  };

  test('parks the saga as it was, and says where and why', () => {
    const saga = parked();
    expect(saga.state).toMatchObject({
      status: 'parked',
      snapshot: { status: 'active', value: 'a' },
      parkReason: {
        code: UNHANDLED,
        message: 'nothing handles this failure in a: refused: the remote was refused',
      },
    });
    expect(legalCommands(saga.state)).toContain('retry');
  });

  test('that is retried is another occurrence, for the first one failed for certain', () => {
    const saga = parked();
    saga.command('retry');
    expect(saga.effects).toMatchObject([{ key: 'saga-1/book/forward/2', attempt: 1 }]);
    saga.done('book');
    expect(saga.trail.at(-1)).toBe('b');
    expect(saga.state.steps.map(({ status }) => status)).toEqual(['failed', 'completed']);
  });

  test('that leaves doubt is retried under its key', () => {
    const saga = sagaOf({ a: { invoke: { ...book, onDone: 'b' } }, b: {} });
    saga.fail('book', LOST);
    expect(saga.stepStatus('book')).toBe('in_doubt');
    saga.command('retry');
    expect(saga.effects).toMatchObject([{ key: 'saga-1/book/forward/1', attempt: 2 }]);
    saga.done('book');
    expect(saga.stepStatus('book')).toBe('completed');
  });

  test('leaves doubt where an earlier start of the attempt was cut off', () => {
    const saga = sagaOf({ a: { invoke: { ...book, onDone: 'b' } }, b: {} });
    saga.take({ kind: 'interrupted', activity: 'book', token: saga.tokenOf('book') });
    saga.fail('book', REFUSED);
    expect(saga.state).toMatchObject({ status: 'parked', parkReason: { code: UNHANDLED } });
    expect(saga.state.steps).toMatchObject([{ status: 'in_doubt', mayHaveHappened: true }]);
  });

  test('is not taken for doubtful when the saga is terminated', () => {
    const saga = parked();
    saga.command('terminate');
    expect(saga.state.steps).toMatchObject([{ status: 'failed' }]);
    expect(saga.state.steps[0]?.mayHaveHappened).toBeUndefined();
  });
});

test('a wait that leads to compensation is the reason under its own name', () => {
  const saga = sagaOf({ a: { after: { approval: 'b' } }, b: { tags: ['compensating'] } });
  saga.fireTimer('approval');
  expect(saga.state.failureReason).toMatchObject({
    code: 'timer',
    message: expect.stringContaining('"approval"') as string,
  });
});
