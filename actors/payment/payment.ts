/**
 * The payment participant: charges and refunds at the payment provider, and records what came of
 * it in our own table.
 *
 * Must never record before the provider answered. Invariant: one row per charge, under the key it
 * was made with; a refunded row never becomes completed again. A crash between answer and record
 * is healed by the next attempt: the same key gives the same answer.
 */
import type { ProbeAnswer, RemoteActivity } from '../../src/core/activity.ts';
import type { Payment } from '../../machines/order.ts';
import { forwardKeyOf } from '../forward-key.ts';
import { writeAll, type OrderWriter } from '../order/order-tables.ts';
import {
  chargeAtProvider,
  findChargeAtProvider,
  refundAtProvider,
  type Charge,
} from './payment-client.ts';

/** A payment to be given back, and why. */
export type Refund = Payment & { readonly reason: string };

/** What the participant needs. */
export interface PaymentOptions {
  /** Where the provider listens, without a path: `http://127.0.0.1:3001`. */
  readonly providerUrl: string;
  readonly write: OrderWriter;
}

/** The payment activities. */
export interface PaymentActivities {
  /**
   * Charges once per key. Fails permanently when the provider declines (402), refuses the request
   * (422) or has fenced the key (409).
   */
  readonly processPayment: RemoteActivity<Payment, { transactionId: string }>;
  /**
   * Whether the step's charge was made. A charge that the provider does not know may still be on
   * its way: only a refund fences it, so the answer is `unknown` and never `never`, but for one
   * that was refunded already.
   */
  readonly findPayment: RemoteActivity<Payment, ProbeAnswer<{ transactionId: string }>>;
  /** Refunds the charge of the step's key, or fences that key: then `refundId` is null. */
  readonly refundPayment: RemoteActivity<Refund, { refundId: string | null }>;
}

const RECORD_CHARGE = `
  INSERT INTO payments
    (charge_key, transaction_id, saga_id, order_id, customer_id, amount_minor, currency,
     payment_method, status, processed_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'completed', $9)
  ON CONFLICT (charge_key) DO NOTHING`;

/** Inserts when the charge was never recorded: its answer was lost. */
const RECORD_REFUND = `
  INSERT INTO payments
    (charge_key, transaction_id, saga_id, order_id, customer_id, amount_minor, currency,
     payment_method, status, processed_at, refund_id, refund_reason, refunded_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'refunded', $9, $10, $11, $12)
  ON CONFLICT (charge_key) DO UPDATE SET
    status = 'refunded', refund_id = excluded.refund_id,
    refund_reason = excluded.refund_reason, refunded_at = excluded.refunded_at
  WHERE payments.status = 'completed'`;

/** All of them, against one provider. */
export function createPayments({ providerUrl, write }: PaymentOptions): PaymentActivities {
  return {
    processPayment: async (payment, { key, sagaId, signal }) => {
      const charge = await chargeAtProvider(providerUrl, key, payment, signal);
      const row = rowOf(key, sagaId, payment, charge);
      await writeAll(write, [{ sql: RECORD_CHARGE, parameters: row }]);
      return { transactionId: charge.transactionId };
    },
    findPayment: async (payment, { sagaId, signal, ...context }) => {
      const forwardKey = forwardKeyOf(context);
      const charge = await findChargeAtProvider(providerUrl, forwardKey, signal);
      if (charge === null) return { kind: 'unknown' };
      if (charge.isRefunded) return { kind: 'never' };
      const row = rowOf(forwardKey, sagaId, payment, charge);
      await writeAll(write, [{ sql: RECORD_CHARGE, parameters: row }]);
      return { kind: 'happened', output: { transactionId: charge.transactionId } };
    },
    refundPayment: async (refund, { key, sagaId, signal, ...context }) => {
      const forwardKey = forwardKeyOf(context);
      const { orderId, reason } = refund;
      const request = { forwardKey, orderId, reason };
      const answer = await refundAtProvider(providerUrl, key, request, signal);
      // Fenced: there was no charge, so there is no row either.
      if (answer === null) return { refundId: null };
      const row = rowOf(forwardKey, sagaId, refund, answer.charge);
      const parameters = [...row, answer.refundId, reason, answer.refundedAtMs];
      await writeAll(write, [{ sql: RECORD_REFUND, parameters }]);
      return { refundId: answer.refundId };
    },
  };
}

function rowOf(
  chargeKey: string,
  sagaId: string,
  payment: Payment,
  charge: Charge,
): readonly unknown[] {
  const { orderId, customerId, amountMinor, currency, method } = payment;
  const { transactionId, chargedAtMs } = charge;
  const who = [chargeKey, transactionId, sagaId, orderId, customerId];
  return [...who, amountMinor, currency, method, chargedAtMs];
}
