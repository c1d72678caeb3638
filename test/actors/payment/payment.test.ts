import { describe, expect, it } from 'vitest';
import { createPayments, type PaymentActivities } from '../../../actors/payment/payment.ts';
import { PermanentError, toFailure, TransientError } from '../../../src/core/failure.ts';
import { contextOf, openDemoDatabase } from '../demo-database.ts';
import { startProvider } from './provider-process.ts';

const PAYMENT = {
  orderId: 'order-1',
  customerId: 'customer-1',
  amountMinor: 1_250,
  currency: 'EUR',
  method: 'credit_card',
} as const;
const REFUND = { ...PAYMENT, reason: 'out of stock' };
const STEP = { key: 'saga-1/processPayment/forward/1' };
const COMPENSATION = { key: 'saga-1/processPayment/compensate/1', forwardKey: STEP.key };

describe('processing a payment', () => {
  it('charges and records the charge, both once for repeated calls', async () => {
    const { payments, db, provider } = await start();
    const first = await payments.processPayment(PAYMENT, contextOf(STEP));
    expect(await payments.processPayment(PAYMENT, contextOf(STEP))).toEqual(first);
    expect(db.rows('payments')).toMatchObject([
      { charge_key: STEP.key, status: 'completed', transaction_id: first.transactionId },
    ]);
    expect(await summary(provider)).toMatchObject({ charges: 1, net: 1_250 });
  });

  it('is harmless and worth another try while the provider is down', async () => {
    const { payments, provider } = await start();
    await provider.stop('SIGKILL');
    const failure = await failureOf(payments.processPayment(PAYMENT, contextOf(STEP)));
    expect(failure).toMatchObject({ code: 'provider-down', retryable: true, ambiguous: false });
  });

  it('is harmless and worth another try when the provider is unavailable', async () => {
    const { payments, provider } = await start();
    await provider.call('PUT', '/behaviour', { failNext: 1 });
    await expect(payments.processPayment(PAYMENT, contextOf(STEP))).rejects.toThrow(TransientError);
  });

  it('fails for good when it is declined', async () => {
    const { payments, provider, db } = await start();
    await provider.call('PUT', '/behaviour', { mode: 'permanent' });
    const failure = await failureOf(payments.processPayment(PAYMENT, contextOf(STEP)));
    expect(failure).toMatchObject({ code: 'declined', retryable: false, ambiguous: false });
    expect(db.rows('payments')).toEqual([]);
  });

  it('fails for good when the same key meets another amount', async () => {
    const { payments } = await start();
    await payments.processPayment(PAYMENT, contextOf(STEP));
    const other = { ...PAYMENT, amountMinor: 1 };
    await expect(payments.processPayment(other, contextOf(STEP))).rejects.toThrow(PermanentError);
  });

  it('is ambiguous when the answer is lost, and the next attempt charges nothing more', async () => {
    const { payments, provider, db } = await start();
    await provider.call('PUT', '/behaviour', { failNext: 1, mode: 'applied-then-lost' });
    const failure = await failureOf(payments.processPayment(PAYMENT, contextOf(STEP)));
    expect(failure).toMatchObject({ retryable: true, ambiguous: true });
    expect(db.rows('payments')).toEqual([]);
    await payments.processPayment(PAYMENT, contextOf({ ...STEP, attempt: 2 }));
    expect(await summary(provider)).toMatchObject({ charges: 1 });
    expect(db.rows('payments')).toHaveLength(1);
  });

  it('is ambiguous when our own record could not be written', async () => {
    const { provider } = await start();
    const write = () => Promise.resolve({ kind: 'rejected', message: 'disk full' } as const);
    const payments = createPayments({ providerUrl: provider.url, write });
    const failure = await failureOf(payments.processPayment(PAYMENT, contextOf(STEP)));
    expect(failure).toMatchObject({ retryable: true, ambiguous: true });
  });

  it('ends when its attempt is aborted', async () => {
    const { payments, provider } = await start();
    await provider.call('PUT', '/behaviour', { mode: 'hang' });
    const abort = new AbortController();
    const charging = payments.processPayment(PAYMENT, contextOf({ ...STEP, signal: abort.signal }));
    abort.abort(new Error('timed out'));
    await expect(charging).rejects.toThrow('timed out');
  });
});

describe('refunding a payment', () => {
  it('gives the money back and marks the row, once', async () => {
    const { payments, provider, db } = await start();
    await payments.processPayment(PAYMENT, contextOf(STEP));
    const first = await payments.refundPayment(REFUND, contextOf(COMPENSATION));
    expect(await payments.refundPayment(REFUND, contextOf(COMPENSATION))).toEqual(first);
    expect(db.rows('payments')).toMatchObject([
      { status: 'refunded', refund_id: first.refundId, refund_reason: 'out of stock' },
    ]);
    expect(await summary(provider)).toMatchObject({ net: 0, refunds: 1 });
  });

  it('of a charge whose answer was lost records charge and refund in one row', async () => {
    const { payments, provider, db } = await start();
    await provider.call('PUT', '/behaviour', { failNext: 1, mode: 'applied-then-lost' });
    await failureOf(payments.processPayment(PAYMENT, contextOf(STEP)));
    await provider.call('DELETE', '/behaviour');
    await payments.refundPayment(REFUND, contextOf(COMPENSATION));
    expect(db.rows('payments')).toMatchObject([{ charge_key: STEP.key, status: 'refunded' }]);
    expect(await summary(provider)).toMatchObject({ net: 0, charges: 1 });
  });

  it('of a charge that never happened writes no row; the late charge fails for good', async () => {
    const { payments, provider, db } = await start();
    const refund = await payments.refundPayment(REFUND, contextOf(COMPENSATION));
    expect(refund).toEqual({ refundId: null });
    const failure = await failureOf(payments.processPayment(PAYMENT, contextOf(STEP)));
    expect(failure).toMatchObject({ code: 'fenced', retryable: false });
    expect(db.rows('payments')).toEqual([]);
    expect(await summary(provider)).toMatchObject({ charges: 0 });
  });

  it('leaves no money with us while the charge is still on its way, whoever comes first', async () => {
    const { payments, provider } = await start();
    await provider.call('PUT', '/behaviour', { latencyMs: 200, only: 'charges' });
    const charging = Promise.resolve(payments.processPayment(PAYMENT, contextOf(STEP)));
    await payments.refundPayment(REFUND, contextOf(COMPENSATION));
    await Promise.allSettled([charging]);
    expect(await summary(provider)).toMatchObject({ net: 0 });
    await expect(charge(payments)).rejects.toThrow(PermanentError);
  });

  it('is never undone by the record of its charge that comes late', async () => {
    const { db, provider } = await start();
    const held = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    const late = createPayments({
      providerUrl: provider.url,
      write: async (statements) => {
        reached.resolve();
        await held.promise;
        return db.write(statements);
      },
    });
    const prompt = createPayments({ providerUrl: provider.url, write: db.write });
    const charging = late.processPayment(PAYMENT, contextOf(STEP));
    await reached.promise;
    await prompt.refundPayment(REFUND, contextOf(COMPENSATION));
    held.resolve();
    await charging;
    expect(db.rows('payments')).toMatchObject([{ status: 'refunded' }]);
  });
});

describe('looking a charge up', () => {
  const PROBE = { key: 'saga-1/processPayment/probe/1', forwardKey: STEP.key };

  it('finds one whose answer was lost, and records it', async () => {
    const { db, payments, provider } = await start();
    await provider.call('PUT', '/behaviour', { failNext: 1, mode: 'applied-then-lost' });
    await expect(charge(payments)).rejects.toThrow(/fetch failed|socket|aborted|other side closed/);
    const answer = await payments.findPayment(PAYMENT, contextOf(PROBE));
    expect(answer).toMatchObject({
      kind: 'happened',
      output: { transactionId: expect.stringMatching(/^txn_/) as unknown },
    });
    expect(db.rows('payments')).toMatchObject([{ status: 'completed', charge_key: STEP.key }]);
  });

  it('cannot tell of one that the provider does not know: it may be on its way', async () => {
    const { db, payments } = await start();
    const answer = await payments.findPayment(PAYMENT, contextOf(PROBE));
    expect(answer).toEqual({ kind: 'unknown' });
    expect(db.rows('payments')).toEqual([]);
  });

  it('takes one that was refunded as none', async () => {
    const { payments } = await start();
    await charge(payments);
    await payments.refundPayment(REFUND, contextOf(COMPENSATION));
    expect(await payments.findPayment(PAYMENT, contextOf(PROBE))).toEqual({ kind: 'never' });
  });
});

async function start() {
  const [provider, db] = await Promise.all([startProvider(), openDemoDatabase()]);
  const payments = createPayments({ providerUrl: provider.url, write: db.write });
  return { provider, db, payments };
}

function charge(payments: PaymentActivities): Promise<unknown> {
  return Promise.resolve(payments.processPayment(PAYMENT, contextOf(STEP)));
}

async function summary(provider: Awaited<ReturnType<typeof startProvider>>) {
  return (await provider.call('GET', '/ledger/summary')).body;
}

async function failureOf(attempt: unknown) {
  try {
    await attempt;
  } catch (thrown) {
    return toFailure(thrown);
  }
  throw new Error('it did not fail');
}
