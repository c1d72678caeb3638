/**
 * The inventory participant: puts stock aside for an order and puts it back.
 *
 * Must never read stock and then write it: every condition is part of the statement that relies
 * on it. Invariant: initial = on hand + reserved + shipped, and `reserved` is the sum of the held
 * reservations. Both activities may run any number of times, in any order, with one effect: a
 * release that comes first leaves a fence, and a reservation under that key is then refused.
 */
import { transactional, type ExpectedStatement } from '../../src/core/activity.ts';
import type { OrderLine } from '../../machines/order.ts';
import { forwardKeyOf } from '../forward-key.ts';

/** How long stock is put aside; longer than the saga's deadline. */
export const RESERVATION_LIFETIME_MS = 30 * 60 * 1000;

/** Touches an existing row without changing it, so that one change means: the product exists. */
const RECORD_RESERVATION = `
  INSERT INTO inventory_reservations
    (reservation_id, saga_id, order_id, product_id, quantity, status, reserved_at, expires_at)
  SELECT $1, $2, $3, product_id, $4, 'new', $5, $6 FROM products WHERE product_id = $7
  ON CONFLICT (reservation_id) DO UPDATE SET order_id = excluded.order_id`;

/** Moves nothing for a reservation that is not new, so that a repeated call has no effect. */
const MOVE_TO_RESERVED = `
  UPDATE products SET on_hand = on_hand - moved.quantity, reserved = reserved + moved.quantity
  FROM (
    SELECT product_id, CASE status WHEN 'new' THEN quantity ELSE 0 END AS quantity
    FROM inventory_reservations WHERE reservation_id = $1
  ) AS moved
  WHERE products.product_id = moved.product_id AND products.on_hand >= moved.quantity`;

const HOLD = `
  UPDATE inventory_reservations SET status = CASE status WHEN 'new' THEN 'held' ELSE status END
  WHERE reservation_id = $1 AND status IN ('new', 'held', 'shipped')`;

const FENCE_RESERVATION = `
  INSERT INTO inventory_reservations
    (reservation_id, saga_id, order_id, product_id, quantity, status, released_at)
  VALUES ($1, $2, $3, $4, $5, 'fenced', $6)
  ON CONFLICT (reservation_id) DO UPDATE SET order_id = excluded.order_id
  WHERE inventory_reservations.status <> 'shipped'`;

const MOVE_BACK_TO_ON_HAND = `
  UPDATE products SET on_hand = on_hand + held.quantity, reserved = reserved - held.quantity
  FROM (
    SELECT product_id, quantity FROM inventory_reservations
    WHERE reservation_id = $1 AND status = 'held'
  ) AS held
  WHERE products.product_id = held.product_id`;

const RELEASE = `
  UPDATE inventory_reservations SET status = 'released', released_at = $1
  WHERE reservation_id = $2 AND status = 'held'`;

/**
 * Puts stock aside under the step's key. Fails permanently with `unknown-product`, `out-of-stock`,
 * or `fenced` when it was released before.
 */
export const reserveInventory = transactional<OrderLine, { reservationId: string }>(
  ({ orderId, productId, quantity }, { key, sagaId, nowMs }) => ({
    // The stock moves while the reservation is still new, then the reservation is held.
    statements: [
      {
        sql: RECORD_RESERVATION,
        parameters: [key, sagaId, orderId, quantity, nowMs, expiresAt(nowMs), productId],
        expect: { changes: 1, code: 'unknown-product', message: `no product ${productId}` },
      },
      {
        sql: MOVE_TO_RESERVED,
        parameters: [key],
        expect: {
          changes: 1,
          code: 'out-of-stock',
          message: `fewer than ${quantity} of ${productId} on hand`,
        },
      },
      {
        sql: HOLD,
        parameters: [key],
        expect: { changes: 1, code: 'fenced', message: 'this reservation was released before' },
      },
    ],
    output: { reservationId: key },
  }),
);

/**
 * Puts back what the step put aside; accepts that it never did, and fences its key. Fails
 * permanently with `already-shipped`: the order must be reverted first.
 */
export const releaseInventory = transactional<OrderLine, void>((input, context) => {
  const forwardKey = forwardKeyOf(context);
  const { orderId, productId, quantity } = input;
  const fence: ExpectedStatement = {
    sql: FENCE_RESERVATION,
    parameters: [forwardKey, context.sagaId, orderId, productId, quantity, context.nowMs],
    expect: { changes: 1, code: 'already-shipped', message: 'the reserved stock was shipped' },
  };
  return {
    statements: [fence, ...releaseStatements(forwardKey, context.nowMs)],
    output: undefined,
  };
});

/** Puts one held reservation back on the shelf; without effect when it is not held. */
export function releaseStatements(
  reservationId: string,
  nowMs: number,
): readonly ExpectedStatement[] {
  // The stock moves while the reservation is still held, then the reservation is released.
  return [
    { sql: MOVE_BACK_TO_ON_HAND, parameters: [reservationId] },
    { sql: RELEASE, parameters: [nowMs, reservationId] },
  ];
}

function expiresAt(nowMs: number): number {
  return nowMs + RESERVATION_LIFETIME_MS;
}
