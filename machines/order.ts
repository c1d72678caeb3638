/**
 * The order saga: reserve stock, take the money, queue the mail, confirm the order; undone in
 * reverse when a step fails for good.
 *
 * It names its activities and says when they run, nothing of how: participants in actors/ fit the
 * contract below and the composition root binds the two. Invariant: every type here survives JSON.
 */
import { z } from 'zod';
import type { ProbeAnswer } from '../src/core/activity.ts';
import { exponential } from '../src/core/retry-policy.ts';
import { defineSaga } from '../src/core/define/saga.ts';

/** Stock that an order needs. */
export interface OrderLine {
  readonly orderId: string;
  readonly productId: string;
  readonly quantity: number;
}

/** Money that an order costs, in minor units of the currency. */
export interface Payment {
  readonly orderId: string;
  readonly customerId: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly method: 'credit_card' | 'paypal' | 'bank_transfer';
}

/** The mail that confirms an order. */
export interface Confirmation {
  readonly orderId: string;
  readonly recipient: string;
  readonly subject: string;
}

/** The order itself, as it stands once confirmed. */
export interface OrderChange {
  readonly orderId: string;
  readonly customerId: string;
  readonly customerEmail: string;
  readonly productId: string;
  readonly quantity: number;
  readonly amountMinor: number;
  readonly paymentMethod: string;
}

/** The activities of the order saga: four steps, their four compensations, and one probe. */
export type OrderActivities = {
  reserveInventory: (input: OrderLine) => { reservationId: string };
  releaseInventory: (input: OrderLine) => void;
  processPayment: (input: Payment) => { transactionId: string };
  findPayment: (input: Payment) => ProbeAnswer<{ transactionId: string }>;
  refundPayment: (input: Payment & { reason: string }) => { refundId: string | null };
  sendConfirmation: (input: Confirmation) => { notificationId: string };
  cancelConfirmation: (input: Confirmation) => void;
  updateOrder: (input: OrderChange) => { status: 'confirmed' };
  revertOrder: (input: OrderChange & { reason: string }) => void;
};

const PAYMENT_METHODS = ['credit_card', 'paypal', 'bank_transfer'] as const;
const MAX_AMOUNT_MINOR = 100_000_000;
/** What is said of a wrong shape, or of nothing at all, instead of the library's own words. */
const says = (message: string) => ({
  error: ({ input }: { readonly input?: unknown }): string =>
    input === undefined ? 'is missing' : message,
});
const text = z
  .string(says('must be a text'))
  .trim()
  .min(1, 'must not be empty')
  .max(100, 'must be at most 100 characters');

const AMOUNT_SHAPE = 'must be a decimal such as 12.50, not negative';

/** An amount as it is given: `12.5`, `"12.50"` or `12`. */
const Amount = z
  .union([z.number(), z.string()], says(AMOUNT_SHAPE))
  .superRefine((value, context) => {
    const minor = minorOf(value);
    const flaw =
      minor === null
        ? AMOUNT_SHAPE
        : minor < 1
          ? 'must be at least 0.01'
          : minor > MAX_AMOUNT_MINOR
            ? 'must be at most 1000000.00'
            : null;
    if (flaw !== null) context.addIssue({ code: 'custom', message: flaw });
  });

/** The same as 1250: money is counted in whole minor units. `null`: it is no amount. */
function minorOf(amount: number | string): number | null {
  const match = /^(\d{1,12})(?:\.(\d{1,2}))?$/.exec(String(amount));
  return match === null ? null : Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'));
}

/** Where an order does not say another one. */
export const CURRENCY = 'EUR';

/** What an order is made of, member by member. */
export const ORDER_FIELDS = {
  orderId: text,
  customerId: text,
  customerEmail: z
    .email(says('must be an e-mail address'))
    .max(254, 'must be at most 254 characters'),
  productId: text,
  quantity: z
    .int(says('must be a whole number from 1 to 1000'))
    .min(1, 'must be at least 1')
    .max(1_000, 'must be at most 1000'),
  amount: Amount,
  // A text first: a missing or wrong type is told apart from a method that is not offered.
  paymentMethod: z
    .string(says('must be a text'))
    .pipe(z.enum(PAYMENT_METHODS, `must be one of ${PAYMENT_METHODS.join(', ')}`)),
};

/** What starts an order saga; parsing turns `amount` into `amountMinor`. */
export const OrderInput = z
  .object({
    ...ORDER_FIELDS,
    currency: z.enum(['EUR', 'USD'], 'must be EUR or USD').default(CURRENCY),
  })
  .transform(({ amount, ...order }) => ({ ...order, amountMinor: minorOf(amount) ?? NaN }));

type Order = z.output<typeof OrderInput>;

const forwardRetry = exponential({ first: '200ms', factor: 2, max: '5s', attempts: 5 });
const backwardRetry = exponential({ first: '200ms', factor: 2, max: '5s', attempts: 6 });
/** The provider may be restarting: its budget outlasts that. */
const paymentRetry = exponential({ first: '200ms', factor: 2, max: '5s', attempts: 6 });

const probeRetry = exponential({ first: '200ms', factor: 2, max: '5s', attempts: 3 });

export const orderSaga = defineSaga({
  id: 'order',
  version: 1,
  input: OrderInput,
  activities: {} as OrderActivities,
  deadline: '5m',
})
  .step('reserveInventory', {
    input: ({ input }) => orderLine(input),
    timeout: '3s',
    retry: forwardRetry,
    compensate: {
      activity: 'releaseInventory',
      input: ({ input }) => orderLine(input),
      timeout: '3s',
      retry: backwardRetry,
    },
  })
  .step('processPayment', {
    input: ({ input }) => payment(input),
    timeout: '2s',
    retry: paymentRetry,
    // Money is not given back before it was asked whether it was taken.
    probe: { activity: 'findPayment', input: ({ input }) => payment(input), retry: probeRetry },
    compensate: {
      activity: 'refundPayment',
      input: ({ input, failure }) => ({ ...payment(input), reason: failure.message }),
      timeout: '2s',
      retry: backwardRetry,
    },
  })
  .step('sendConfirmation', {
    input: ({ input }) => confirmation(input),
    timeout: '3s',
    retry: forwardRetry,
    compensate: {
      activity: 'cancelConfirmation',
      input: ({ input }) => confirmation(input),
      timeout: '3s',
      retry: backwardRetry,
    },
  })
  .step('updateOrder', {
    input: ({ input }) => orderChange(input),
    timeout: '3s',
    retry: forwardRetry,
    compensate: {
      activity: 'revertOrder',
      input: ({ input, failure }) => ({ ...orderChange(input), reason: failure.message }),
      timeout: '3s',
      retry: backwardRetry,
    },
  })
  .emitOnCompleted(({ input }) => ({ type: 'order.completed', orderId: input.orderId }))
  .build();

function orderLine({ orderId, productId, quantity }: Order): OrderLine {
  return { orderId, productId, quantity };
}

function payment({ orderId, customerId, amountMinor, currency, paymentMethod }: Order): Payment {
  return { orderId, customerId, amountMinor, currency, method: paymentMethod };
}

function confirmation({ orderId, customerEmail }: Order): Confirmation {
  return { orderId, recipient: customerEmail, subject: `Your order ${orderId}` };
}

function orderChange({ currency: _, ...order }: Order): OrderChange {
  return order;
}
