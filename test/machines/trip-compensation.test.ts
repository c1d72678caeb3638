/** What a trip cancels, in which order, wherever it fails. */
import '../../src/testing/vitest.ts';
import { describe, expect, test } from 'vitest';
import type { EventObject } from 'xstate';
import { legalCommands } from '../../src/core/turn/legal.ts';
import type { SagaDriver } from '../../src/testing/saga-driver.ts';
import { BUSY, LOST, REFUSED } from '../core/turn/saga-driver.ts';
import { booked, cancelled, cancellationsOf, ORDERS, SERVICES, trip, undo } from './trip-driver.ts';

const TOO_DEAR: EventObject & { readonly reason: string } = { type: 'reject', reason: 'too dear' };

describe('a booking that fails', () => {
  const positions = ORDERS.flatMap(([failing, second, third]) => [
    { failing, before: [] },
    { failing, before: [second] },
    { failing, before: [second, third] },
  ]);

  test.each(positions)(
    'for certain ends the others: $failing, with $before booked before',
    ({ failing, before }) => {
      const saga = booked(before);
      saga.fail(`book${failing}`, REFUSED);
      // What was under way may have happened; only the one that refused has nothing to cancel.
      const owed = SERVICES.filter((each) => each !== failing);
      expect(cancelled(saga)).toEqual(cancellationsOf(owed));
      undo(saga);
      expect(saga.story).toBeCompensated();
      expect(saga.stepStatus(`book${failing}`)).toBe('failed');
      expect(saga.state.failureReason?.code).toBe('refused');
    },
  );

  test.each(positions)(
    'in doubt is cancelled like the others: $failing, with $before booked before',
    ({ failing, before }) => {
      const saga = booked(before);
      saga.fail(`book${failing}`, { ...LOST, retryable: false });
      expect(cancelled(saga)).toEqual(cancellationsOf(SERVICES));
      undo(saga);
      expect(saga.story).toBeCompensated();
      expect(saga.stepStatus(`book${failing}`)).toBe('compensated');
    },
  );

  test.each(SERVICES)('for certain after a doubtful attempt is in doubt: %s', (service) => {
    const saga = trip();
    saga.fireTimer(`book${service}.timeout`);
    saga.fireTimer(`book${service}.retry`);
    saga.fail(`book${service}`, REFUSED);
    expect(cancelled(saga)).toContain(`cancel${service}`);
  });

  test('between two attempts leaves nothing to cancel when the time for booking is over', () => {
    const saga = booked(['Hotel', 'Flight']);
    saga.fail('bookCar', BUSY);
    saga.fireTimer('booking.trip.booking');
    expect(cancelled(saga)).toEqual(cancellationsOf(['Hotel', 'Flight']));
  });

  test.each(ORDERS)('is undone in any order of answers: %s, %s, %s', (...order) => {
    const saga = booked();
    saga.send(TOO_DEAR);
    undo(saga, order);
    expect(saga.story).toBeCompensated();
    expect(saga.state.failureReason).toMatchObject({ code: 'reject', message: 'too dear' });
  });
});

describe('a cancellation that fails for good', () => {
  function stuck(service: string): SagaDriver {
    const saga = booked();
    saga.command('cancel');
    saga.fail(`cancel${service}`, REFUSED);
    return saga;
  }

  test.each(SERVICES)('waits for a person while the others go on: %s', (service) => {
    const saga = stuck(service);
    expect(saga.story).toHaveStatus('compensation_failed');
    undo(saga);
    expect(saga.story).toHaveStatus('compensation_failed');
    saga.command('retry');
    undo(saga);
    expect(saga.story).toBeCompensated();
  });

  test.each(SERVICES)('never counts as compensated once it is given up: %s', (service) => {
    const saga = stuck(service);
    undo(saga);
    saga.command('skip', 'paid by us');
    expect(saga.story).toHaveStatus('compensation_failed');
    expect(saga.state.snapshot.value).toBe('partially_compensated');
    expect(saga.state.resolution).toMatchObject({ reason: 'paid by us' });
  });

  test('is given up with one that is between two attempts, and both are skipped', () => {
    const saga = stuck('Hotel');
    saga.done('cancelFlight', null);
    saga.fail('cancelCar', BUSY);
    expect(legalCommands(saga.state)).toContain('accept-partial');
    saga.command('accept-partial', 'enough');
    expect(saga.state.snapshot.value).toBe('partially_compensated');
    expect(saga.stepStatus('bookHotel')).toBe('skipped');
    expect(saga.stepStatus('bookCar')).toBe('skipped');
    expect(saga.stepStatus('bookFlight')).toBe('compensated');
  });

  test('is what a cancellation becomes that takes longer than its time', () => {
    const saga = booked();
    saga.command('cancel');
    saga.fireTimer('cancellation.trip.compensating.car');
    expect(saga.story).toHaveStatus('compensation_failed');
  });
});
