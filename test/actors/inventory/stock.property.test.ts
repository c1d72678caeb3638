/**
 * Whatever order the four stock activities run in, and however often each repeats, no piece is
 * lost or invented.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { releaseInventory, reserveInventory } from '../../../actors/inventory/inventory.ts';
import { revertOrder, updateOrder } from '../../../actors/order/order.ts';
import { openDemoDatabase, type DemoDatabase } from '../demo-database.ts';

const RUNS = 40;
const SAGAS = 2;
const LENGTH = { minLength: 10, maxLength: 60, size: 'max' } as const;

interface Call {
  readonly kind: 'reserve' | 'release' | 'update' | 'revert';
  readonly saga: number;
  readonly occurrence: number;
  readonly repeats: number;
  readonly quantity: number;
}

const call: fc.Arbitrary<Call> = fc.record({
  kind: fc.constantFrom('reserve', 'release', 'update', 'revert'),
  saga: fc.integer({ min: 1, max: SAGAS }),
  occurrence: fc.integer({ min: 1, max: 2 }),
  repeats: fc.integer({ min: 1, max: 3 }),
  // Two large ones do not fit together: some reservations must fail.
  quantity: fc.constantFrom(1, 7, 6_000),
});

describe('stock', () => {
  it('is on hand, reserved or shipped after any interleaving of any repetitions', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(call, LENGTH), async (calls) => {
        const db = await openDemoDatabase();
        for (const one of calls) {
          await run(db, one);
          const afterFirst = snapshot(db);
          expectEveryPieceAccountedFor(db);
          for (let repeat = 1; repeat < one.repeats; repeat += 1) await run(db, one);
          expect(snapshot(db)).toEqual(afterFirst);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('is all on the shelf again once every saga was compensated in reverse order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(call, LENGTH), async (calls) => {
        const db = await openDemoDatabase();
        for (const one of calls) await run(db, one);
        for (const kind of ['revert', 'release'] as const) {
          for (let saga = 1; saga <= SAGAS; saga += 1) {
            for (const occurrence of [1, 2]) {
              await run(db, { kind, saga, occurrence, repeats: 1, quantity: 1 });
            }
          }
        }
        expect(db.stock('tablet')).toEqual({ onHand: 10_000, reserved: 0, shipped: 0 });
      }),
      { numRuns: RUNS },
    );
  });
});

async function run(db: DemoDatabase, { kind, saga, occurrence, quantity }: Call): Promise<void> {
  const sagaId = `saga-${saga}`;
  const line = { orderId: `order-${saga}`, productId: 'tablet', quantity };
  const order = {
    ...line,
    customerId: 'c',
    customerEmail: 'c@shop.example',
    amountMinor: 100,
    paymentMethod: 'paypal',
    reason: 'test',
  };
  const reserve = `${sagaId}/reserveInventory/forward/${occurrence}`;
  const update = `${sagaId}/updateOrder/forward/${occurrence}`;
  const undo = `${sagaId}/undo`;
  switch (kind) {
    case 'reserve':
      await db.run(reserveInventory, line, { sagaId, key: reserve });
      return;
    case 'release':
      await db.run(releaseInventory, line, { sagaId, key: undo, forwardKey: reserve });
      return;
    case 'update':
      await db.run(updateOrder, order, { sagaId, key: update });
      return;
    case 'revert':
      await db.run(revertOrder, order, { sagaId, key: undo, forwardKey: update });
  }
}

function expectEveryPieceAccountedFor(db: DemoDatabase): void {
  const { onHand, reserved, shipped } = db.stock('tablet');
  expect(onHand + reserved + shipped).toBe(10_000);
  expect(reserved).toBe(reservedPieces(db, 'held'));
  expect(shipped).toBe(reservedPieces(db, 'shipped'));
}

function reservedPieces(db: DemoDatabase, status: string): number {
  return db
    .rows('inventory_reservations')
    .filter((row) => row['status'] === status)
    .reduce((sum, row) => sum + Number(row['quantity']), 0);
}

function snapshot(db: DemoDatabase): unknown {
  return [db.rows('products'), db.rows('inventory_reservations'), db.rows('orders')];
}
