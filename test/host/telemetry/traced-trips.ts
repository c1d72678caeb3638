/** An engine for one test over SQLite in memory, traced or not, with a trip and a tour that runs one. */
import { randomBytes } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import type { ActivityContext } from '../../../src/core/activity.ts';
import { defineSaga } from '../../../src/core/define/saga.ts';
import { exponential } from '../../../src/core/retry-policy.ts';
import type { Backstep } from '../../../src/host/backstep.ts';
import { systemClock } from '../../../src/host/clock.ts';
import { DEFAULT_LIMITS } from '../../../src/host/limits.ts';
import { openTracing } from '../../../src/host/telemetry/open-tracing.ts';
import { type Logger, silentLogger } from '../../../src/host/turn-log.ts';
import { createEngine } from '../../../src/runtime/engine.ts';
import { memoryDatabases } from '../../../src/store/sqlite/memory-store.ts';

export type Call = (input: { readonly trip: string }, context: ActivityContext) => unknown;
type Given = { readonly trip: string };
type TripActivities = Record<'hotel' | 'cancelHotel' | 'car' | 'cancelCar', (input: Given) => null>;
type TourActivities = { undo: (input: Given) => null };

const input = ({ input: { trip } }: { readonly input: { readonly trip: string } }) => ({ trip });
const retry = exponential({ first: '1ms', factor: 1, max: '1ms', attempts: 2, jitter: 'none' });
const TripInput = z.object({ trip: z.string(), password: z.string().optional() });
export const tripSaga = defineSaga({
  id: 'trip',
  input: TripInput,
  activities: {} as TripActivities,
})
  .step('hotel', { input, retry, compensate: { activity: 'cancelHotel', input } })
  .step('car', { input, retry, timeout: '20ms', compensate: { activity: 'cancelCar', input } })
  .build();
export const tourSaga = defineSaga({
  id: 'tour',
  input: TripInput,
  activities: {} as TourActivities,
})
  .child('trip', {
    saga: tripSaga,
    input: ({ input: given }) => given,
    compensate: { activity: 'undo', input },
  })
  .build();

const ok: Call = () => null;

interface OpenOptions {
  readonly isTraced?: boolean;
  readonly logger?: Logger;
}

/** Opens one that goes when the test ends. */
export async function openTrips(
  calls: Partial<Record<keyof TripActivities, Call>> = {},
  { isTraced = true, logger = silentLogger }: OpenOptions = {},
): Promise<Backstep> {
  const database = (await memoryDatabases())();
  const backstep = createEngine(database.open(), {
    clock: systemClock,
    randomId: () => randomBytes(16),
    limits: DEFAULT_LIMITS,
    logger,
    onFatal: () => {},
    ...(isTraced ? { tracing: await openTracing() } : {}),
  });
  onTestFinished(async () => {
    await backstep.stop({ within: 0 });
    database.close();
  });
  const bound = { hotel: ok, cancelHotel: ok, car: ok, cancelCar: ok, ...calls };
  backstep.register(tripSaga, { activities: bound as never });
  backstep.register(tourSaga, { activities: { undo: () => null } });
  await backstep.start();
  return backstep;
}

/** Runs a trip to its end. */
export async function runTrip(backstep: Backstep, more: { readonly traceparent?: string } = {}) {
  const trip = await backstep.spawn(tripSaga, { input: { trip: 't-1' }, ...more });
  const { status } = await trip.settled({ within: '20s' });
  return { id: trip.id, status };
}
