import { describe, expect, it } from 'vitest';
import {
  releaseInventory,
  reserveInventory,
  RESERVATION_LIFETIME_MS,
} from '../../../actors/inventory/inventory.ts';
import { contextOf, NOW_MS, openDemoDatabase } from '../demo-database.ts';

const LINE = { orderId: 'order-1', productId: 'laptop', quantity: 3 };
const FORWARD = 'saga-1/reserveInventory/forward/1';
const STEP = { key: FORWARD };
const COMPENSATION = { key: 'saga-1/reserveInventory/compensate/1', forwardKey: FORWARD };

describe('reserving inventory', () => {
  it('moves stock from the shelf to reserved and keeps it for its lifetime', async () => {
    const db = await openDemoDatabase();
    expect(await db.run(reserveInventory, LINE, STEP)).toEqual({ kind: 'committed' });
    expect(db.stock('laptop')).toEqual({ onHand: 9_997, reserved: 3, shipped: 0 });
    expect(db.rows('inventory_reservations')).toMatchObject([
      {
        reservation_id: FORWARD,
        saga_id: 'saga-1',
        status: 'held',
        reserved_at: NOW_MS,
        expires_at: NOW_MS + RESERVATION_LIFETIME_MS,
      },
    ]);
  });

  it('knows its output before it runs: the id is the key', async () => {
    const { output } = await reserveInventory.plan(LINE, contextOf(STEP));
    expect(output).toEqual({ reservationId: FORWARD });
  });

  it('reserves once, however often it runs', async () => {
    const db = await openDemoDatabase();
    await db.run(reserveInventory, LINE, STEP);
    expect(await db.run(reserveInventory, LINE, STEP)).toEqual({ kind: 'committed' });
    expect(db.stock('laptop').reserved).toBe(3);
  });

  it('refuses more than is on hand and leaves nothing behind', async () => {
    const db = await openDemoDatabase();
    const tooMuch = { ...LINE, quantity: 10_001 };
    expect(await db.run(reserveInventory, tooMuch, STEP)).toMatchObject({ code: 'out-of-stock' });
    expect(db.rows('inventory_reservations')).toEqual([]);
  });

  it('gives away the very last piece', async () => {
    const db = await openDemoDatabase();
    await db.run(reserveInventory, { ...LINE, quantity: 10_000 }, STEP);
    expect(db.stock('laptop')).toEqual({ onHand: 0, reserved: 10_000, shipped: 0 });
  });

  it('refuses an unknown product by its own code', async () => {
    const db = await openDemoDatabase();
    const unknown = { ...LINE, productId: 'unicorn' };
    expect(await db.run(reserveInventory, unknown, STEP)).toMatchObject({
      code: 'unknown-product',
    });
  });
});

describe('releasing inventory', () => {
  it('puts back what was reserved, once, however often it runs', async () => {
    const db = await openDemoDatabase();
    await db.run(reserveInventory, LINE, STEP);
    await db.run(releaseInventory, LINE, COMPENSATION);
    expect(await db.run(releaseInventory, LINE, COMPENSATION)).toEqual({ kind: 'committed' });
    expect(db.stock('laptop')).toEqual({ onHand: 10_000, reserved: 0, shipped: 0 });
    expect(db.rows('inventory_reservations')).toMatchObject([{ status: 'released' }]);
  });

  it('accepts that nothing was reserved, and refuses the reservation that comes later', async () => {
    const db = await openDemoDatabase();
    expect(await db.run(releaseInventory, LINE, COMPENSATION)).toEqual({ kind: 'committed' });
    expect(await db.run(reserveInventory, LINE, STEP)).toMatchObject({ code: 'fenced' });
    expect(db.stock('laptop')).toEqual({ onHand: 10_000, reserved: 0, shipped: 0 });
  });

  it('leaves its fence even for a product that does not exist', async () => {
    const db = await openDemoDatabase();
    const unknown = { ...LINE, productId: 'unicorn' };
    expect(await db.run(releaseInventory, unknown, COMPENSATION)).toEqual({ kind: 'committed' });
    expect(db.rows('inventory_reservations')).toMatchObject([{ status: 'fenced' }]);
  });

  it('refuses the same reservation again after its release, but not a new occurrence', async () => {
    const db = await openDemoDatabase();
    await db.run(reserveInventory, LINE, STEP);
    await db.run(releaseInventory, LINE, COMPENSATION);
    expect(await db.run(reserveInventory, LINE, STEP)).toMatchObject({ code: 'fenced' });
    const again = { key: 'saga-1/reserveInventory/forward/2' };
    expect(await db.run(reserveInventory, LINE, again)).toEqual({ kind: 'committed' });
    expect(db.stock('laptop').reserved).toBe(3);
  });

  it('refuses to guess which key to fence', () => {
    expect(() => releaseInventory.plan(LINE, contextOf(STEP))).toThrow('it was run as a step');
  });
});
