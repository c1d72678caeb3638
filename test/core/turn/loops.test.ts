/** Hand-written loops and retries: which occurrence, hence which key, an attempt belongs to. */
import { describe, expect, test } from 'vitest';
import { assign, setup } from 'xstate';
import { activity } from '../../../src/core/activity.ts';
import { durable } from '../../../src/core/define/durable.ts';
import { BUSY, LOST, REFUSED, SagaDriver } from './saga-driver.ts';

const NIGHTS = 3;

/** Books three nights one after the other; undoes as often as it has booked. */
const tripSaga = durable(
  setup({
    types: { context: {} as { booked: number } },
    actors: { book: activity<null, null>(), unbook: activity<null, null>() },
    delays: { 'unbook.retry': 500 },
    guards: {
      wantsMore: ({ context }) => context.booked < NIGHTS - 1,
      owesMore: ({ context }) => context.booked > 1,
    },
    actions: {
      oneMore: assign({ booked: ({ context }) => context.booked + 1 }),
      oneLess: assign({ booked: ({ context }) => context.booked - 1 }),
    },
  }).createMachine({
    id: 'nights',
    context: { booked: 0 },
    initial: 'booking',
    states: {
      booking: {
        meta: { step: 'book' },
        invoke: {
          id: 'book',
          src: 'book',
          input: null,
          onDone: [
            { guard: 'wantsMore', target: 'booking', reenter: true, actions: 'oneMore' },
            { target: 'booked', actions: 'oneMore' },
          ],
          onError: 'undoing',
        },
      },
      booked: { tags: ['waiting'], on: { undo: 'undoing' } },
      undoing: {
        tags: ['compensating'],
        meta: { compensates: 'book' },
        invoke: {
          id: 'unbook',
          src: 'unbook',
          input: null,
          onDone: [
            { guard: 'owesMore', target: 'undoing', reenter: true, actions: 'oneLess' },
            { target: 'undone' },
          ],
          onError: 'pausing',
        },
      },
      pausing: { tags: ['compensating'], after: { 'unbook.retry': 'undoing' } },
      undone: { type: 'final', tags: ['compensated'] },
    },
  }),
);

function keyOf(saga: SagaDriver): string | undefined {
  const effect = saga.effects.find((each) => each.kind === 'start-activity');
  return effect?.kind === 'start-activity' ? effect.key : undefined;
}

function statuses(saga: SagaDriver): string[] {
  return saga.state.steps.map(({ occurrence, status }) => `${occurrence} ${status}`);
}

function bookedTrip(): SagaDriver {
  const saga = new SagaDriver(tripSaga, null);
  for (let night = 0; night < NIGHTS; night++) saga.done('book', null);
  saga.take({ kind: 'event', id: 'undo-1', event: { type: 'undo' } });
  return saga;
}

describe('a step run in a loop', () => {
  test('is undone once per run, the last one first, each under its own key', () => {
    const saga = bookedTrip();
    const keys = [keyOf(saga)];
    for (const _ of [1, 2]) {
      saga.done('unbook', null);
      keys.push(keyOf(saga));
    }
    saga.done('unbook', null);
    expect(keys).toEqual([3, 2, 1].map((run) => `saga-1/book/compensate/${run}`));
    expect(saga.state.status).toBe('compensated');
    expect(statuses(saga)).toEqual(['1 compensated', '2 compensated', '3 compensated']);
  });

  test('does not undo a run that failed for certain, but the one before it', () => {
    const saga = new SagaDriver(tripSaga, null);
    saga.done('book', null);
    saga.fail('book', REFUSED);
    expect(keyOf(saga)).toBe('saga-1/book/compensate/1');
    saga.done('unbook', null);
    expect(statuses(saga)).toEqual(['1 compensated', '2 failed']);
  });

  test('retries the undoing of the run it is at, and marks no other as retrying', () => {
    const saga = bookedTrip();
    saga.done('unbook', null);
    saga.fail('unbook', LOST);
    const [first, second, third] = saga.state.steps;
    expect(first?.compensation).toBeUndefined();
    expect(second?.compensation?.status).toBe('retrying');
    expect(third?.status).toBe('compensated');
    saga.fireTimer('unbook.retry');
    expect(keyOf(saga)).toBe('saga-1/book/compensate/2');
    expect(saga.state.steps[1]?.compensation).toMatchObject({ attempts: 2, status: 'running' });
  });
});

/** Charges; on a failure waits for another card, or takes the named retry delay. */
const cardSaga = durable(
  setup({
    actors: { charge: activity<null, null>() },
    delays: { 'charge.retry': 500 },
    guards: {
      isBusy: ({ event }) =>
        (event as unknown as { error: { code: string } }).error.code === 'busy',
    },
  }).createMachine({
    id: 'card',
    initial: 'charging',
    states: {
      charging: {
        invoke: {
          id: 'charge',
          src: 'charge',
          input: null,
          onDone: 'paid',
          onError: [{ guard: 'isBusy', target: 'pausing' }, { target: 'asking' }],
        },
      },
      pausing: { after: { 'charge.retry': 'charging' }, on: { 'backstep.retry': 'charging' } },
      asking: { tags: ['waiting'], on: { card: 'charging' } },
      paid: { type: 'final' },
    },
  }),
);

describe('a step started again after it failed', () => {
  const otherCard = (saga: SagaDriver, id: string) =>
    saga.take({ kind: 'event', id, event: { type: 'card' } });

  test('for certain is a new occurrence with a new key', () => {
    const saga = new SagaDriver(cardSaga, null);
    saga.fail('charge', REFUSED);
    otherCard(saga, 'card-2');
    expect(keyOf(saga)).toBe('saga-1/charge/forward/2');
    saga.done('charge', null);
    expect(statuses(saga)).toEqual(['1 failed', '2 completed']);
  });

  test('in doubt keeps its key, also when a later attempt failed for certain', () => {
    const saga = new SagaDriver(cardSaga, null);
    saga.fail('charge', LOST);
    otherCard(saga, 'card-2');
    expect(keyOf(saga)).toBe('saga-1/charge/forward/1');
    saga.fail('charge', REFUSED);
    otherCard(saga, 'card-3');
    expect(keyOf(saga)).toBe('saga-1/charge/forward/1');
    expect(saga.state.steps).toMatchObject([{ occurrence: 1, attempts: 3, status: 'running' }]);
  });

  test.each([
    ['its retry delay', (saga: SagaDriver) => saga.fireTimer('charge.retry')],
    ['an ordered retry', (saga: SagaDriver) => saga.command('retry')],
  ])('through %s keeps its key', (_, again) => {
    const saga = new SagaDriver(cardSaga, null);
    saga.fail('charge', BUSY);
    expect(saga.stepStatus('charge')).toBe('retrying');
    again(saga);
    expect(keyOf(saga)).toBe('saga-1/charge/forward/1');
    expect(saga.state.steps).toMatchObject([{ attempts: 2, status: 'running' }]);
  });

  test('leaves the runs before it as they are while its retry delay runs', () => {
    const saga = new SagaDriver(cardSaga, null);
    saga.fail('charge', REFUSED);
    otherCard(saga, 'card-2');
    saga.fail('charge', BUSY);
    expect(statuses(saga)).toEqual(['1 failed', '2 retrying']);
  });
});

test('a step started again after its compensation began has a new key: the old one may be fenced', () => {
  const machine = setup({
    actors: { charge: activity<null, null>(), refund: activity<null, null>() },
  }).createMachine({
    id: 'again',
    initial: 'charging',
    states: {
      charging: {
        meta: { step: 'charge' },
        invoke: { id: 'charge', src: 'charge', input: null, onDone: 'end', onError: 'refunding' },
      },
      refunding: {
        tags: ['compensating'],
        meta: { compensates: 'charge' },
        invoke: {
          id: 'refund',
          src: 'refund',
          input: null,
          onDone: 'charging',
          onError: 'charging',
        },
      },
      end: { type: 'final' },
    },
  });
  const saga = new SagaDriver(durable(machine), null);
  saga.fail('charge', LOST);
  saga.fail('refund', REFUSED);
  expect(saga.effects).toMatchObject([{ key: 'saga-1/charge/forward/2', attempt: 1 }]);
});
