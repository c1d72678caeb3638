/**
 * Trips that do not take place, killed at every commit and after every effect: however the process
 * died, what was booked is cancelled or given up on and listed. Trips that do take place, and those
 * that one service refuses, are tried with all sagas in test/testing.
 */
import { describe, expect, test } from 'vitest';
import { tripSaga } from '../../machines/trip.ts';
import { crashEverywhere, type CrashWorld } from '../../src/testing/crash-everywhere.ts';

const input = {
  tripId: 'trip-1',
  traveller: 'traveller-1',
  destination: 'Lisbon',
  nights: 3,
  amountMinor: 89_900,
};
const rejected: CrashWorld = { input, events: [{ type: 'reject' }] };
const approved: CrashWorld = { input, events: [{ type: 'approve' }] };

async function endsOf(world: CrashWorld): Promise<readonly string[]> {
  const report = await crashEverywhere(tripSaga, world, { maxCrashes: 1, print: () => {} });
  // A crash before and after each commit at least, or nothing was tried.
  expect(report.runs).toBeGreaterThan(12);
  return Object.keys(report.ends);
}

describe('a trip killed anywhere', () => {
  test('is cancelled when the traveller rejects it', async () => {
    expect(await endsOf(rejected)).toEqual(['compensated']);
  });

  test('is cancelled when the day to think it over passes', async () => {
    expect(await endsOf({ input })).toEqual(['compensated']);
  });

  test('is cancelled with a booking whose answer was lost before it was refused', async () => {
    const world: CrashWorld = {
      ...approved,
      script: { bookFlight: ['applied-then-lost'] },
      always: { bookFlight: 'permanent' },
    };
    expect(await endsOf(world)).toEqual(['compensated']);
  });

  test('waits for a person where a cancellation fails for good, with the others done', async () => {
    expect(await endsOf({ ...rejected, always: { cancelHotel: 'permanent' } })).toEqual([
      'compensation_failed',
    ]);
  });

  test('waits for a person where nobody can tell whether it was charged', async () => {
    expect(await endsOf({ ...approved, always: { chargeTrip: 'applied-then-lost' } })).toEqual([
      'failed',
    ]);
  });
});
