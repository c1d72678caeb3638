/** A probe that answers when its step's compensation has come out already. */
import { expect, test } from 'vitest';
import { setup } from 'xstate';
import { activity } from '../../../src/core/activity.ts';
import { durable } from '../../../src/core/define/durable.ts';
import { LOST, REFUSED, SagaDriver } from './saga-driver.ts';

/** Asks about its step after the compensation, whichever way that came out. */
const asking = durable(
  setup({
    actors: { book: activity(), unbook: activity(), look: activity() },
  }).createMachine({
    id: 'asking',
    initial: 'booking',
    states: {
      booking: {
        meta: { step: 'book' },
        invoke: { id: 'book', src: 'book', onDone: 'booked', onError: 'undoing' },
      },
      undoing: {
        tags: ['compensating'],
        meta: { compensates: 'book' },
        invoke: { id: 'unbook', src: 'unbook', onDone: 'looking', onError: 'undoFailed' },
      },
      undoFailed: { tags: ['compensation_failed'], on: { 'backstep.skip': 'looking' } },
      looking: {
        tags: ['compensating'],
        meta: { probes: 'book' },
        invoke: { id: 'look', src: 'look', onDone: 'undone', onError: 'undone' },
      },
      booked: { type: 'final' },
      undone: { type: 'final', tags: ['compensated'] },
    },
  }),
);

test.each(['happened', 'never'])('leaves a compensation that is done: %s', (kind) => {
  const saga = new SagaDriver(asking, null);
  saga.fail('book', LOST);
  saga.done('unbook', null);
  saga.done('look', { kind, output: null });
  expect(saga.state.steps).toMatchObject([{ name: 'book', status: 'compensated' }]);
  expect(saga.state.status).toBe('compensated');
});

test.each(['happened', 'never'])('leaves what a person gave up: %s', (kind) => {
  const saga = new SagaDriver(asking, null);
  saga.fail('book', LOST);
  saga.fail('unbook', REFUSED);
  saga.command('skip');
  saga.done('look', { kind, output: null });
  expect(saga.state.steps).toMatchObject([{ name: 'book', status: 'skipped' }]);
});
