import { describe, expect, it } from 'vitest';
import { releaseInventory, reserveInventory } from '../../../actors/inventory/inventory.ts';
import { sendConfirmation } from '../../../actors/notification/notification.ts';
import { createOrderDemoReads } from '../../../actors/order/order-demo.ts';
import { checkOrderInvariants } from '../../../actors/order/order-invariants.ts';
import { updateOrder } from '../../../actors/order/order.ts';
import { createPayments } from '../../../actors/payment/payment.ts';
import { BackstepError } from '../../../src/core/errors.ts';
import { contextOf, openDemoDatabase, type DemoDatabase } from '../demo-database.ts';
import { startProvider } from '../payment/provider-process.ts';

const FIRST_PAGE = { limit: 50, cursor: null };
const NOW = '2026-01-02T03:04:05.006Z';

describe('the lists of the demo', () => {
  it('show at least five products with 10,000 each in stock', async () => {
    const db = await openDemoDatabase();
    const { items, reservations } = await createOrderDemoReads(db.reader).inventory();
    expect(items.length).toBeGreaterThanOrEqual(5);
    for (const item of items) {
      expect(item).toMatchObject({ initial: 10_000, on_hand: 10_000, reserved: 0, shipped: 0 });
    }
    expect(reservations).toEqual([]);
  });

  it('show orders, mails and reservations with contract names, times and amounts', async () => {
    const db = await openDemoDatabase();
    await order(db, 1);
    const reads = createOrderDemoReads(db.reader);
    expect((await reads.orders(FIRST_PAGE)).items).toEqual([
      {
        order_id: 'order-1',
        saga_id: 'saga-1',
        customer_id: 'customer-1',
        customer_email: 'ann@shop.example',
        product_id: 'laptop',
        quantity: 1,
        amount: '12.05',
        currency: null, // nothing was paid for it
        payment_method: 'paypal',
        status: 'confirmed',
        reason: null,
        confirmed_at: NOW,
        reverted_at: null,
      },
    ]);
    expect((await reads.notifications(FIRST_PAGE)).items).toMatchObject([
      { order_id: 'order-1', type: 'order_confirmation', status: 'queued', queued_at: NOW },
    ]);
    expect((await reads.inventory()).reservations).toMatchObject([
      { order_id: 'order-1', status: 'shipped', expires_at: '2026-01-02T03:34:05.006Z' },
    ]);
  });

  it('are paged, newest first, and show every row once', async () => {
    const db = await openDemoDatabase();
    for (let number = 1; number <= 5; number += 1) await order(db, number);
    const reads = createOrderDemoReads(db.reader);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof reads.orders>> = await reads.orders({
        limit: 2,
        cursor,
      });
      seen.push(...page.items.map((item) => item.order_id));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(seen).toEqual(['order-5', 'order-4', 'order-3', 'order-2', 'order-1']);
  });

  it('refuse a cursor that is not theirs', async () => {
    const reads = createOrderDemoReads((await openDemoDatabase()).reader);
    for (const cursor of ['', '0', '-1', '1; drop', '1e3']) {
      await expect(reads.orders({ limit: 2, cursor })).rejects.toThrow(BackstepError);
    }
  });
});

describe('the invariants', () => {
  it('hold at rest after orders that went through, failed, and lost an answer', async () => {
    const [db, provider] = await Promise.all([openDemoDatabase(), startProvider()]);
    const payments = createPayments({ providerUrl: provider.url, write: db.write });
    for (const number of [1, 2]) {
      await payments.processPayment(paymentOf(number), contextOf(chargeOf(number)));
      await order(db, number);
    }
    await provider.call('PUT', '/behaviour', {
      failNext: 1,
      mode: 'applied-then-lost',
      only: 'charges',
    });
    const lost = Promise.resolve(payments.processPayment(paymentOf(3), contextOf(chargeOf(3))));
    await expect(lost).rejects.toThrow('fetch failed');
    const orders = await createOrderDemoReads(db.reader).orders(FIRST_PAGE);
    expect(orders.items.map(({ currency }) => currency)).toEqual(['EUR', 'EUR']);
    const during = await checkOrderInvariants(db.reader, provider.url);
    expect(broken(during)).toEqual(['money', 'charged', 'charges']);

    const refund = { ...paymentOf(3), reason: 'test' };
    const compensation = { ...chargeOf(3), key: 'undo-3', forwardKey: chargeOf(3).key };
    await payments.refundPayment(refund, contextOf(compensation));
    const after = await checkOrderInvariants(db.reader, provider.url);
    expect(broken(after)).toEqual([]);
    expect(after.find((invariant) => invariant.name === 'money')).toMatchObject({
      holds: true,
      expected: 2_410,
      actual: 2_410,
      unit: 'money',
      currency: 'EUR',
    });
  });

  it('about the provider cannot be told while it is down; the others still can', async () => {
    const [db, provider] = await Promise.all([openDemoDatabase(), startProvider()]);
    await provider.stop('SIGKILL');
    const invariants = await checkOrderInvariants(db.reader, provider.url);
    expect(invariants.find((invariant) => invariant.name === 'money')).toMatchObject({
      holds: null,
      actual: null,
    });
    expect(invariants.find((invariant) => invariant.name === 'stock-laptop')).toMatchObject({
      holds: true,
    });
  });

  it('notice stock that no reservation accounts for', async () => {
    const [db, provider] = await Promise.all([openDemoDatabase(), startProvider()]);
    const line = { orderId: 'order-1', productId: 'phone', quantity: 2 };
    await db.run(reserveInventory, line, { key: 'reserve' });
    db.writeNow([{ sql: 'DELETE FROM inventory_reservations', parameters: [] }]);
    await db.run(releaseInventory, line, { key: 'release', forwardKey: 'reserve' });
    expect(broken(await checkOrderInvariants(db.reader, provider.url))).toEqual(['held-phone']);
  });
});

function broken(invariants: Awaited<ReturnType<typeof checkOrderInvariants>>): readonly string[] {
  return invariants.filter((one) => one.holds === false).map((one) => one.name);
}

function paymentOf(number: number) {
  return {
    orderId: `order-${number}`,
    customerId: 'customer-1',
    amountMinor: 1_205,
    currency: 'EUR',
    method: 'paypal',
  } as const;
}

function chargeOf(number: number) {
  return { sagaId: `saga-${number}`, key: `saga-${number}/processPayment/forward/1` };
}

async function order(db: DemoDatabase, number: number): Promise<void> {
  const sagaId = `saga-${number}`;
  const change = {
    orderId: `order-${number}`,
    customerId: 'customer-1',
    customerEmail: 'ann@shop.example',
    productId: 'laptop',
    quantity: 1,
    amountMinor: 1_205,
    paymentMethod: 'paypal',
  };
  const mail = { orderId: change.orderId, recipient: change.customerEmail, subject: 'Confirmed' };
  await db.run(reserveInventory, change, { sagaId, key: `${sagaId}/reserveInventory/forward/1` });
  await db.run(sendConfirmation, mail, { sagaId, key: `${sagaId}/sendConfirmation/forward/1` });
  await db.run(updateOrder, change, { sagaId, key: `${sagaId}/updateOrder/forward/1` });
}
