/** An attempt that may be made only once, of a saga that goes on after it stood still. */
import { describe, expect, test } from 'vitest';
import { type AnyStateMachine, setup } from 'xstate';
import { activity } from '../../../src/core/activity.ts';
import { durable } from '../../../src/core/define/durable.ts';
import type { Effect } from '../../../src/core/turn/inbound.ts';
import { BUSY, REFUSED, SagaDriver } from './saga-driver.ts';

const kit = setup({
  actors: { pay: activity<null, null>(), book: activity<null, null>() },
});

const pay = { id: 'pay', src: 'pay', input: null } as const;
const book = { id: 'book', src: 'book', input: null } as const;
const paying = {
  initial: 'running',
  states: {
    running: {
      meta: { step: 'pay', repeatable: false },
      invoke: { ...pay, onDone: 'paid', onError: 'unknown' },
    },
    paid: {},
    unknown: {},
  },
};

/** Pays and books at once; a cancel leads one of both on, or none. */
function tripOf(cancelled?: 'paying' | 'booking'): SagaDriver {
  const booking = {
    initial: 'running',
    states: { running: { invoke: { ...book, onDone: 'booked' } }, booked: {} },
  };
  const states = {
    paying: cancelled === 'paying' ? { ...paying, on: { 'backstep.cancel': '.unknown' } } : paying,
    booking:
      cancelled === 'booking' ? { ...booking, on: { 'backstep.cancel': '.booked' } } : booking,
  };
  const machine = kit.createMachine({ id: 'trip', type: 'parallel', states } as never);
  return new SagaDriver(durable(machine as unknown as AnyStateMachine), null);
}

const parked = (saga: SagaDriver): SagaDriver => {
  saga.take({ kind: 'park', failure: REFUSED });
  return saga;
};
const startsIn = (effects: readonly Effect[]): readonly string[] =>
  effects.flatMap((each) => (each.kind === 'start-activity' ? [each.activity] : []));
const DOUBT = { status: 'in_doubt', mayHaveHappened: true, error: { code: 'interrupted' } };

describe('an attempt that may be made only once and was cut off', () => {
  test('is in doubt once its saga is tried again, and only the others start again', () => {
    const saga = parked(tripOf());
    saga.command('retry');
    expect(startsIn(saga.effects)).toEqual(['book']);
    expect(saga.state.steps.find(({ name }) => name === 'pay')).toMatchObject(DOUBT);
    expect(saga.state.status).toBe('running');
    expect(saga.trail.at(-1)).toBe('paying.unknown + booking.running');
    saga.done('book', null);
    expect(saga.trail.at(-1)).toBe('paying.unknown + booking.booked');
  });

  test('is in doubt where its saga turns back and stays in its state', () => {
    const saga = parked(tripOf('booking'));
    saga.command('cancel');
    expect(startsIn(saga.effects)).toEqual([]);
    expect(saga.state.live.activities).toEqual({});
    expect(saga.state.steps.find(({ name }) => name === 'pay')).toMatchObject(DOUBT);
  });

  test('is left in doubt by a command that leaves its state', () => {
    const saga = parked(tripOf('paying'));
    saga.command('cancel');
    expect(startsIn(saga.effects)).toEqual(['book']);
    expect(saga.stepStatus('pay')).toBe('in_doubt');
  });

  test('keeps its saga parked where nothing handles the doubt', () => {
    const states = { a: { meta: { step: 'pay', repeatable: false }, invoke: pay } };
    const machine = kit.createMachine({ id: 'trip', initial: 'a', states } as never);
    const saga = parked(new SagaDriver(durable(machine as unknown as AnyStateMachine), null));
    saga.command('retry');
    expect(startsIn(saga.effects)).toEqual([]);
    expect(saga.state).toMatchObject({ status: 'parked', parkReason: { code: 'unhandled' } });
  });

  test('is in doubt beside what failed and is tried again', () => {
    const saga = tripOf();
    saga.fail('book', BUSY); // nothing handles it, so that the saga is parked
    expect(saga.state.status).toBe('parked');
    saga.command('retry');
    expect(startsIn(saga.effects)).toEqual(['book']);
  });
});
