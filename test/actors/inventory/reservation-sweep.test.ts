import { describe, expect, it } from 'vitest';
import { reserveInventory, RESERVATION_LIFETIME_MS } from '../../../actors/inventory/inventory.ts';
import {
  ReservationSweep,
  SWEEP_PAGE,
  type ReservationSweepOptions,
  type SweepAlarm,
} from '../../../actors/inventory/reservation-sweep.ts';
import { NOW_MS, openDemoDatabase, type DemoDatabase } from '../demo-database.ts';

const EXPIRED_MS = NOW_MS + RESERVATION_LIFETIME_MS;

describe('a pass of the sweep', () => {
  it('releases an expired reservation whose saga is over, and raises an alarm', async () => {
    const { db, sweep, alarms } = await start();
    await reserve(db, 'over-1');
    expect(await sweep.sweep()).toBe(1);
    expect(db.stock('laptop')).toEqual({ onHand: 10_000, reserved: 0, shipped: 0 });
    expect(alarms).toMatchObject([{ kind: 'released-expired-reservation', sagaId: 'over-1' }]);
    expect(await sweep.sweep()).toBe(0);
  });

  it('leaves the stock of a saga that goes on, however old', async () => {
    const { db, sweep, alarms } = await start();
    await reserve(db, 'running-1');
    expect(await sweep.sweep()).toBe(0);
    expect(db.stock('laptop').reserved).toBe(1);
    expect(alarms).toEqual([]);
  });

  it('leaves a reservation that has not expired', async () => {
    const { db, sweep } = await start({ nowMs: () => EXPIRED_MS - 1 });
    await reserve(db, 'over-1');
    expect(await sweep.sweep()).toBe(0);
  });

  it('is bounded, and the next one goes on behind it', async () => {
    const { db, sweep } = await start();
    for (let index = 0; index < SWEEP_PAGE; index += 1) await reserve(db, `running-${index}`);
    await reserve(db, 'over-1');
    expect(await sweep.sweep()).toBe(0);
    expect(await sweep.sweep()).toBe(1);
  });

  it('is given up with an alarm when something fails, and the next one succeeds', async () => {
    let isBroken = true;
    const { db, sweep, alarms } = await start({
      isSagaOver: () => (isBroken ? Promise.reject(new Error('no')) : Promise.resolve(true)),
    });
    await reserve(db, 'over-1');
    expect(await sweep.sweep()).toBe(0);
    expect(alarms).toMatchObject([{ kind: 'sweep-failed' }]);
    isBroken = false;
    expect(await sweep.sweep()).toBe(1);
  });

  it('waits for the one under way', async () => {
    const { db, sweep } = await start();
    await reserve(db, 'over-1');
    const both = await Promise.all([sweep.sweep(), sweep.sweep()]);
    expect(both).toEqual([1, 0]);
  });
});

async function start(options: Partial<ReservationSweepOptions> = {}) {
  const db = await openDemoDatabase();
  const alarms: SweepAlarm[] = [];
  const sweep = new ReservationSweep({
    reader: db.reader,
    write: db.write,
    isSagaOver: (sagaId) => Promise.resolve(sagaId.startsWith('over')),
    alarm: (alarm) => alarms.push(alarm),
    nowMs: () => EXPIRED_MS,
    ...options,
  });
  return { db, sweep, alarms };
}

async function reserve(db: DemoDatabase, sagaId: string): Promise<void> {
  const line = { orderId: `order-${sagaId}`, productId: 'laptop', quantity: 1 };
  await db.run(reserveInventory, line, { sagaId, key: `${sagaId}/reserveInventory/forward/1` });
}
