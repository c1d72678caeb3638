/**
 * What the sagas of machines/ need to run on fakes. A saga that is not listed runs with the
 * examples of its definition.
 */
import type { CrashWorld } from '../../src/testing/crash-everywhere.ts';

export interface SagaWorld {
  readonly base: CrashWorld;
  /** Activities that are tried as refused, one at a time. Default: all of the saga. */
  readonly fails?: readonly string[];
}

/** By saga id. */
export const WORLDS: Readonly<Record<string, SagaWorld>> = {
  order: {
    base: {
      input: {
        orderId: 'order-1',
        customerId: 'customer-1',
        customerEmail: 'customer@example.org',
        productId: 'laptop',
        quantity: 1,
        amount: '10.50',
        paymentMethod: 'paypal',
      },
    },
    fails: ['reserveInventory', 'processPayment', 'sendConfirmation', 'updateOrder'],
  },
  account: { base: { input: { customerId: 'c-1', kind: 'savings' } } },
  onboarding: {
    base: {
      input: {
        customerId: 'c-1',
        name: 'Ada Example',
        email: 'ada@example.org',
        creditLimitMinor: 50_000,
        accounts: ['current'],
      },
      events: [{ type: 'approve' }],
    },
    fails: ['openFile', 'checkCredit', 'sendWelcome'],
  },
  trip: {
    base: {
      input: {
        tripId: 'trip-1',
        traveller: 'traveller-1',
        destination: 'Lisbon',
        nights: 3,
        amountMinor: 89_900,
      },
      events: [{ type: 'approve' }],
    },
    fails: ['bookFlight', 'chargeTrip', 'issueTickets'],
  },
};
