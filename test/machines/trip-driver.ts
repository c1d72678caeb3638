/** A trip driven through the core by the words of its story. */
import { tripSaga } from '../../machines/trip.ts';
import { SagaDriver } from '../../src/testing/saga-driver.ts';

/** A parsed trip that any test may start with. */
export const TRIP = {
  tripId: 'trip-1',
  traveller: 'traveller-1',
  destination: 'Lisbon',
  nights: 3,
  amountMinor: 89_900,
  currency: 'EUR',
  approveWithinMs: 24 * 3_600_000,
};

/** In the order of their start. */
export const SERVICES = ['Hotel', 'Flight', 'Car'] as const;

/** Every order of the services. */
export const ORDERS = SERVICES.flatMap((first) =>
  SERVICES.filter((each) => each !== first).flatMap((second) =>
    SERVICES.filter((each) => each !== first && each !== second).map(
      (third) => [first, second, third] as const,
    ),
  ),
);

/** A trip that has just begun. */
export function trip(): SagaDriver {
  return new SagaDriver(tripSaga, TRIP);
}

/** A trip with these booked, in this order. */
export function booked(order: readonly string[] = SERVICES): SagaDriver {
  const saga = trip();
  for (const service of order) saga.done(`book${service}`, { reference: service });
  return saga;
}

/** A trip about to be charged. */
export function approved(): SagaDriver {
  const saga = booked();
  saga.send({ type: 'approve' });
  return saga;
}

/** Every cancellation that was started. */
export function cancelled(saga: SagaDriver): readonly string[] {
  return saga.started.filter((activity) => activity.startsWith('cancel'));
}

/** Answers every cancellation, in the given order of services. */
export function undo(saga: SagaDriver, order: readonly string[] = SERVICES): void {
  for (const service of order) {
    if (saga.state.live.activities[`cancel${service}`] !== undefined) {
      saga.done(`cancel${service}`, null);
    }
  }
}

/** The cancellations of these services, in reverse order of start. */
export function cancellationsOf(services: readonly string[]): readonly string[] {
  return SERVICES.toReversed()
    .filter((each) => services.includes(each))
    .map((each) => `cancel${each}`);
}
