/** What tests of the core start from: a saga driven by hand, an order, ways to fail. */
import type { Failure } from '../../../src/core/failure.ts';

export { SagaDriver } from '../../../src/testing/saga-driver.ts';

export const REFUSED: Failure = failure('refused', { retryable: false, ambiguous: false });
export const BUSY: Failure = failure('busy', { retryable: true, ambiguous: false });
export const LOST: Failure = failure('lost', { retryable: true, ambiguous: true });

/** A parsed order that any test may start with. */
export const ORDER = {
  orderId: 'order-1',
  customerId: 'customer-1',
  customerEmail: 'customer@example.org',
  productId: 'laptop',
  quantity: 2,
  amountMinor: 2_500,
  currency: 'EUR',
  paymentMethod: 'paypal',
};

function failure(code: string, traits: Pick<Failure, 'retryable' | 'ambiguous'>): Failure {
  return { code, message: `the remote was ${code}`, ...traits };
}
