/**
 * The order participant: confirms the order and ships its reserved stock, or reverts both.
 *
 * Must never ship stock that is not held for this order by this saga. Invariant: the stock of an
 * order is shipped exactly while its row says `confirmed`. Both activities may run any number of
 * times with one effect; a revert that comes first records the order as reverted, which fences the
 * key of that change.
 */
import { transactional } from '../../src/core/activity.ts';
import type { OrderChange } from '../../machines/order.ts';
import { forwardKeyOf } from '../forward-key.ts';

/** A confirmed order is only confirmed again by its own change, a reverted one only by another. */
const CONFIRM_ORDER = `
  INSERT INTO orders
    (order_id, saga_id, change_key, customer_id, customer_email, product_id, quantity,
     amount_minor, payment_method, status, confirmed_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'confirmed', $10)
  ON CONFLICT (order_id) DO UPDATE SET
    saga_id = excluded.saga_id, change_key = excluded.change_key,
    customer_id = excluded.customer_id, customer_email = excluded.customer_email,
    product_id = excluded.product_id, quantity = excluded.quantity,
    amount_minor = excluded.amount_minor, payment_method = excluded.payment_method,
    status = 'confirmed', reason = NULL, reverted_at = NULL,
    confirmed_at = CASE orders.status
      WHEN 'confirmed' THEN orders.confirmed_at ELSE excluded.confirmed_at END
  WHERE (orders.status = 'confirmed') = (orders.change_key = excluded.change_key)`;

const MOVE_TO_SHIPPED = `
  UPDATE products SET reserved = reserved - held.quantity, shipped = shipped + held.quantity
  FROM (
    SELECT product_id, quantity FROM inventory_reservations
    WHERE order_id = $1 AND saga_id = $2 AND status = 'held'
  ) AS held
  WHERE products.product_id = held.product_id`;

const SHIP = `
  UPDATE inventory_reservations SET
    status = 'shipped', shipped_by = $1, shipped_at = coalesce(shipped_at, $2)
  WHERE order_id = $3 AND saga_id = $4 AND (status = 'held' OR shipped_by = $5)`;

/**
 * Reverts the row of this change. A row that another change confirmed stays as it is: this change
 * never happened, and that row refuses it.
 */
const REVERT_ORDER = `
  INSERT INTO orders
    (order_id, saga_id, change_key, customer_id, customer_email, product_id, quantity,
     amount_minor, payment_method, status, reason, reverted_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'reverted', $10, $11)
  ON CONFLICT (order_id) DO UPDATE SET
    saga_id = excluded.saga_id, change_key = excluded.change_key,
    status = 'reverted', reason = excluded.reason, reverted_at = excluded.reverted_at
  WHERE (orders.status = 'confirmed') = (orders.change_key = excluded.change_key)`;

const MOVE_BACK_TO_RESERVED = `
  UPDATE products SET reserved = reserved + back.quantity, shipped = shipped - back.quantity
  FROM (
    SELECT product_id, quantity FROM inventory_reservations
    WHERE order_id = $1 AND shipped_by = $2
  ) AS back
  WHERE products.product_id = back.product_id`;

const UNSHIP = `
  UPDATE inventory_reservations SET status = 'held', shipped_by = NULL, shipped_at = NULL
  WHERE order_id = $1 AND shipped_by = $2`;

/**
 * Confirms the order and ships what is held for it. Fails permanently with `order-conflict` when
 * another change confirmed this order or this one was reverted, and with `reservation-missing`.
 */
export const updateOrder = transactional<OrderChange, { status: 'confirmed' }>((order, context) => {
  const { key, sagaId, nowMs } = context;
  return {
    // The stock moves while the reservation is still held, then the reservation is shipped.
    statements: [
      {
        sql: CONFIRM_ORDER,
        parameters: [...columnsOf(order, sagaId, key), nowMs],
        expect: {
          changes: 1,
          code: 'order-conflict',
          message: 'another change confirmed this order, or this change was reverted',
        },
      },
      { sql: MOVE_TO_SHIPPED, parameters: [order.orderId, sagaId] },
      {
        sql: SHIP,
        parameters: [key, nowMs, order.orderId, sagaId, key],
        expect: {
          changes: 1,
          code: 'reservation-missing',
          message: 'no stock is held for this order by this saga',
        },
      },
    ],
    output: { status: 'confirmed' },
  };
});

/** Marks the order reverted, with the reason, and takes its stock back to reserved. */
export const revertOrder = transactional<OrderChange & { reason: string }, void>(
  (order, context) => {
    const forwardKey = forwardKeyOf(context);
    const row = columnsOf(order, context.sagaId, forwardKey);
    const own = [order.orderId, forwardKey];
    return {
      statements: [
        {
          sql: REVERT_ORDER,
          parameters: [...row, order.reason, context.nowMs],
        },
        // The stock moves while the reservation still names this change, then it is held again.
        { sql: MOVE_BACK_TO_RESERVED, parameters: own },
        { sql: UNSHIP, parameters: own },
      ],
      output: undefined,
    };
  },
);

function columnsOf(order: OrderChange, sagaId: string, key: string): readonly unknown[] {
  const { orderId, customerId, customerEmail, productId, quantity } = order;
  const what = [productId, quantity, order.amountMinor, order.paymentMethod];
  return [orderId, sagaId, key, customerId, customerEmail, ...what];
}
