/**
 * The routes of the order demo and of its faults, as data; see api/operations.ts.
 */
import type { z } from 'zod';
import * as answers from '../../server/api/answers.ts';
import { BODY, list, ok, type Operation } from '../../server/api/operation.ts';
import * as orders from './order-answers.ts';
import { PageQuery, WaitQuery } from '../../server/query.ts';
import * as bodies from '../../server/api/request-bodies.ts';

/** `/saga`; none without a demo, whose body of an order is `order`. */
export function orderOperations(order: z.ZodType | null): readonly Operation[] {
  if (order === null) return [];
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

/** `/api/faults`; none when they are off. */
export function faultOperations(hasFaults: boolean): readonly Operation[] {
  if (!hasFaults) return [];
  return [
    {
      method: 'get',
      path: '/api/faults',
      summary: 'Injected faults.',
      answers: list(answers.Fault),
    },
    {
      method: 'put',
      path: '/api/faults',
      summary: 'Make rates repeatable.',
      body: bodies.FaultsBody,
      answers: list(answers.Fault),
      refusals: BODY,
    },
    {
      method: 'delete',
      path: '/api/faults',
      summary: 'End all faults.',
      answers: [{ status: 204, schema: null }],
    },
    {
      method: 'put',
      path: '/api/faults/{activity}',
      summary: 'Inject faults into an activity.',
      body: bodies.FaultBody,
      answers: ok(answers.Fault),
      refusals: [...BODY, 404],
    },
    {
      method: 'post',
      path: '/api/faults/crash',
      summary: 'End the process at once, as a crash would: no answer comes.',
      answers: [{ status: 204, schema: null }],
    },
  ];
}
