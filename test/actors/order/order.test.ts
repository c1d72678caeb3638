import { describe, expect, it } from 'vitest';
import { releaseInventory, reserveInventory } from '../../../actors/inventory/inventory.ts';
import { revertOrder, updateOrder } from '../../../actors/order/order.ts';
import { NOW_MS, openDemoDatabase, type DemoDatabase } from '../demo-database.ts';

const ORDER = {
  orderId: 'order-1',
  customerId: 'customer-1',
  customerEmail: 'ann@shop.example',
  productId: 'phone',
  quantity: 2,
  amountMinor: 1_234,
  paymentMethod: 'paypal',
};
const RESERVE = { key: 'saga-1/reserveInventory/forward/1' };
const UPDATE = { key: 'saga-1/updateOrder/forward/1' };
const REVERT = { key: 'saga-1/updateOrder/compensate/1', forwardKey: UPDATE.key };
const WHY = { ...ORDER, reason: 'the customer cancelled' };

describe('updating an order', () => {
  it('confirms the order and ships what is reserved for it', async () => {
    const db = await reserved();
    expect(await db.run(updateOrder, ORDER, UPDATE)).toEqual({ kind: 'committed' });
    expect(db.stock('phone')).toEqual({ onHand: 9_998, reserved: 0, shipped: 2 });
    expect(db.rows('orders')).toMatchObject([{ status: 'confirmed', confirmed_at: NOW_MS }]);
    expect(db.rows('inventory_reservations')).toMatchObject([
      { status: 'shipped', shipped_by: UPDATE.key },
    ]);
  });

  it('ships once, however often it runs', async () => {
    const db = await reserved();
    await db.run(updateOrder, ORDER, UPDATE);
    const later = { ...UPDATE, nowMs: NOW_MS + 1 };
    expect(await db.run(updateOrder, ORDER, later)).toEqual({ kind: 'committed' });
    expect(db.stock('phone').shipped).toBe(2);
    expect(db.rows('orders')).toMatchObject([{ confirmed_at: NOW_MS }]);
  });

  it('confirms nothing when no stock is held by this saga', async () => {
    const db = await reserved();
    const stranger = { key: 'saga-2/updateOrder/forward/1', sagaId: 'saga-2' };
    expect(await db.run(updateOrder, ORDER, stranger)).toMatchObject({
      code: 'reservation-missing',
    });
    expect(db.rows('orders')).toEqual([]);
  });

  it('does not take over an order that another change confirmed', async () => {
    const db = await reserved();
    await db.run(updateOrder, ORDER, UPDATE);
    const other = { key: 'saga-2/updateOrder/forward/1', sagaId: 'saga-2' };
    expect(await db.run(updateOrder, ORDER, other)).toMatchObject({ code: 'order-conflict' });
    expect(db.rows('orders')).toMatchObject([{ saga_id: 'saga-1' }]);
  });
});

describe('reverting an order', () => {
  it('marks it with the reason and takes its stock back, once', async () => {
    const db = await reserved();
    await db.run(updateOrder, ORDER, UPDATE);
    await db.run(revertOrder, WHY, REVERT);
    expect(await db.run(revertOrder, WHY, REVERT)).toEqual({ kind: 'committed' });
    expect(db.stock('phone')).toEqual({ onHand: 9_998, reserved: 2, shipped: 0 });
    expect(db.rows('orders')).toMatchObject([{ status: 'reverted', reason: WHY.reason }]);
  });

  it('accepts that the order was never updated, records it, and fences that update', async () => {
    const db = await reserved();
    expect(await db.run(revertOrder, WHY, REVERT)).toEqual({ kind: 'committed' });
    expect(db.rows('orders')).toMatchObject([{ status: 'reverted', reason: WHY.reason }]);
    expect(await db.run(updateOrder, ORDER, UPDATE)).toMatchObject({ code: 'order-conflict' });
    expect(db.stock('phone').shipped).toBe(0);
  });

  it('leaves an order alone that another change confirmed', async () => {
    const db = await reserved();
    await db.run(updateOrder, ORDER, UPDATE);
    const other = { key: 'saga-1/updateOrder/compensate/2', forwardKey: 'never-happened' };
    expect(await db.run(revertOrder, WHY, other)).toEqual({ kind: 'committed' });
    expect(db.rows('orders')).toMatchObject([{ status: 'confirmed' }]);
    expect(db.stock('phone').shipped).toBe(2);
  });

  it('lets a new occurrence of the change confirm the order again', async () => {
    const db = await reserved();
    await db.run(updateOrder, ORDER, UPDATE);
    await db.run(revertOrder, WHY, REVERT);
    const again = { key: 'saga-1/updateOrder/forward/2' };
    expect(await db.run(updateOrder, ORDER, again)).toEqual({ kind: 'committed' });
    expect(db.rows('orders')).toMatchObject([{ status: 'confirmed', reason: null }]);
  });

  it('must come before the release: shipped stock is not put back on the shelf', async () => {
    const db = await reserved();
    await db.run(updateOrder, ORDER, UPDATE);
    const release = { key: 'saga-1/reserveInventory/compensate/1', forwardKey: RESERVE.key };
    expect(await db.run(releaseInventory, ORDER, release)).toMatchObject({
      code: 'already-shipped',
    });
    await db.run(revertOrder, WHY, REVERT);
    expect(await db.run(releaseInventory, ORDER, release)).toEqual({ kind: 'committed' });
    expect(db.stock('phone')).toEqual({ onHand: 10_000, reserved: 0, shipped: 0 });
  });
});

async function reserved(): Promise<DemoDatabase> {
  const db = await openDemoDatabase();
  await db.run(reserveInventory, ORDER, RESERVE);
  return db;
}
