/** The trip saga through the core: the way forward, the traveller, the pivot, the tickets. */
import '../../src/testing/vitest.ts';
import { describe, expect, test } from 'vitest';
import { tripSaga } from '../../machines/trip.ts';
import { legalCommands } from '../../src/core/turn/legal.ts';
import { verify } from '../../src/verify/verify.ts';
import type { SagaDriver } from '../../src/testing/saga-driver.ts';
import { BUSY, LOST, REFUSED } from '../core/turn/saga-driver.ts';
import {
  approved,
  booked,
  cancelled,
  cancellationsOf,
  ORDERS,
  SERVICES,
  trip,
  TRIP,
  undo,
} from './trip-driver.ts';

const HOUR_MS = 3_600_000;

describe('every outcome of a trip', () => {
  test('is explored, and none leaves anything booked that nobody knows of', () => {
    const { findings, bounds, exhaustive } = verify(tripSaga);
    expect(findings).toEqual([]);
    expect(exhaustive).toBe(true);
    expect(bounds.states).toBeGreaterThan(1_000);
  });
});

describe('a trip', () => {
  test('books all at once, waits for the traveller, charges, and issues the tickets', () => {
    const saga = trip();
    expect(saga.started).toEqual(['bookHotel', 'bookFlight', 'bookCar']);
    for (const service of SERVICES) saga.done(`book${service}`, { reference: service });
    expect(saga.story).toHaveStatus('waiting');
    saga.send({ type: 'approve' });
    saga.done('chargeTrip', { receipt: 'r-1' });
    saga.done('issueTickets', { tickets: 2 });
    expect(saga.story).toBeCompleted();
    expect(saga.effects).toMatchObject([
      { kind: 'emit', event: { type: 'trip.completed', tripId: TRIP.tripId } },
    ]);
    expect(saga.state.live).toEqual({ activities: {}, timers: {} });
  });

  test.each(ORDERS)('waits for the traveller once %s, %s and %s are booked', (...order) => {
    const saga = booked(order);
    expect(saga.state.snapshot.value).toBe('approval');
    const [timer] = Object.values(saga.state.live.timers);
    expect(timer?.dueMs).toBe(saga.nowMs + 24 * HOUR_MS);
  });

  test('takes an approval that comes before the last booking', () => {
    const saga = trip();
    saga.done('bookHotel', { reference: 'h' });
    saga.send({ type: 'approve' });
    saga.done('bookFlight', { reference: 'f' });
    saga.done('bookCar', { reference: 'c' });
    expect(saga.started.at(-1)).toBe('chargeTrip');
  });

  test('asks a busy service again under the same key, and never twice at once', () => {
    const saga = trip();
    saga.fail('bookCar', BUSY);
    expect(saga.stepStatus('bookCar')).toBe('retrying');
    saga.fireTimer('bookCar.retry');
    saga.fireTimer('bookCar.timeout');
    saga.fireTimer('bookCar.retry');
    const keys = saga.story.started.filter(({ step }) => step === 'bookCar').map(({ key }) => key);
    expect(keys).toEqual(Array(3).fill('saga-1/bookCar/forward/1'));
  });
});

describe('the traveller', () => {
  test('who lets a day pass has everything cancelled, not a moment earlier', () => {
    const saga = booked();
    const bookedMs = saga.nowMs;
    const [timer = ''] = Object.keys(saga.state.live.timers);
    const token = saga.state.live.timers[timer]?.token ?? 0;
    saga.nowMs = bookedMs + 24 * HOUR_MS - 1;
    saga.take({ kind: 'timer', timer, token });
    expect(saga.story).toHaveStatus('waiting');
    saga.nowMs += 1;
    saga.take({ kind: 'timer', timer, token });
    undo(saga);
    expect(saga.story).toHaveCompensatedInOrder(['bookCar', 'bookFlight', 'bookHotel']);
    expect(saga.state.failureReason?.message).toContain('"approval"');
  });

  test('may reject while the bookings are under way', () => {
    const saga = booked(['Car']);
    saga.send({ type: 'reject' });
    expect(cancelled(saga)).toEqual(cancellationsOf(SERVICES));
  });

  test('cannot reject once the charge began', () => {
    expect(approved().send({ type: 'reject' })).toMatchObject({ kind: 'refused' });
  });
});

describe('the charge', () => {
  test('that is declined has everything cancelled', () => {
    const saga = approved();
    saga.fail('chargeTrip', REFUSED);
    undo(saga);
    expect(saga.story).toHaveCompensatedInOrder(['bookCar', 'bookFlight', 'bookHotel']);
  });

  test('is tried four times under one key', () => {
    const saga = approved();
    for (let attempt = 1; attempt < 4; attempt++) {
      saga.fail('chargeTrip', BUSY);
      saga.fireTimer('chargeTrip.retry');
    }
    saga.fail('chargeTrip', BUSY);
    expect(saga.story).toHaveStatus('compensating');
    expect(saga.started.filter((each) => each === 'chargeTrip')).toHaveLength(4);
  });

  test('may be cancelled between two attempts unless one may have had its effect', () => {
    const certain = approved();
    certain.fail('chargeTrip', BUSY);
    expect(legalCommands(certain.state)).toContain('cancel');
    const doubtful = approved();
    doubtful.fireTimer('chargeTrip.timeout');
    expect(legalCommands(doubtful.state)).not.toContain('cancel');
  });

  test.each(['retry', 'skip', 'compensate'] as const)(
    'in doubt waits for a person, who says %s',
    (decision) => {
      const saga = approved();
      saga.fail('chargeTrip', { ...LOST, retryable: false });
      expect(saga.story).toHaveStatus('failed');
      saga.command(decision, 'the bank says so');
      const next = { retry: 'chargeTrip', skip: 'issueTickets', compensate: 'cancelHotel' };
      expect(saga.started.at(-1)).toBe(next[decision]);
      const keys = saga.story.started.filter(({ step }) => step === 'chargeTrip');
      expect(new Set(keys.map(({ key }) => key)).size).toBe(1);
    },
  );
});

describe('the tickets', () => {
  function charged(): SagaDriver {
    const saga = approved();
    saga.done('chargeTrip', { receipt: 'r-1' });
    return saga;
  }

  test('are tried twelve times, then a person is needed, and nothing is cancelled', () => {
    const saga = charged();
    for (let attempt = 1; attempt < 12; attempt++) {
      saga.fail('issueTickets', attempt % 2 === 0 ? BUSY : LOST);
      saga.fireTimer('issueTickets.retry');
    }
    saga.fail('issueTickets', BUSY);
    expect(saga.story).toHaveStatus('failed');
    expect(cancelled(saga)).toEqual([]);
    saga.command('retry');
    saga.done('issueTickets', { tickets: 2 });
    expect(saga.story).toBeCompleted();
  });

  test('that a person gives up stay given up', () => {
    const saga = charged();
    saga.fail('issueTickets', REFUSED);
    expect(legalCommands(saga.state)).toContain('skip');
    saga.command('skip', 'sent by hand');
    expect(saga.story).toHaveStatus('failed');
    expect(saga.state.resolution).toMatchObject({ reason: 'sent by hand' });
    expect(saga.stepStatus('issueTickets')).toBe('skipped');
  });
});
