/**
 * The routes of the order demo as data; see server/api/operations.ts.
 */
import type { z } from 'zod';
import { BODY, list, ok, type Operation } from '../../server/api/operation.ts';
import * as orders from './order-answers.ts';
import { PageQuery, WaitQuery } from '../../server/query.ts';

/** `/saga`; the body of an order is `order`. */
export function orderOperations(order: z.ZodType): readonly Operation[] {
  const rows = (path: string, summary: string, item: z.ZodType): Operation => ({
    method: 'get',
    path: `/saga/${path}`,
    summary,
    query: PageQuery,
    answers: list(item),
    refusals: [400],
  });
  return [
    {
      method: 'post',
      path: '/saga/execute',
      summary: 'Start an order; the order id is the key.',
      query: WaitQuery,
      body: order,
      answers: [
        { status: 200, schema: orders.OrderStarted },
        { status: 202, schema: orders.OrderStarted },
      ],
      refusals: [...BODY, 409],
    },
    {
      method: 'get',
      path: '/saga/status/{id}',
      summary: 'One order and its steps.',
      answers: ok(orders.OrderStatus),
      refusals: [404],
    },
    rows('all', 'Order sagas, newest first.', orders.OrderSagaRow),
    {
      method: 'get',
      path: '/saga/stats',
      summary: 'How many order sagas stand where.',
      answers: ok(orders.OrderStats),
    },
    {
      method: 'get',
      path: '/saga/inventory',
      summary: 'Stock and the newest reservations.',
      answers: ok(orders.InventoryAnswer),
    },
    rows('payments', 'One row per charge.', orders.PaymentRow),
    rows('notifications', 'E-mails.', orders.NotificationRow),
    rows('orders', 'Orders.', orders.OrderRow),
  ];
}
