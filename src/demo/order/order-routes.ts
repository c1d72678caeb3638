/**
 * `/saga/*`: the order demo's JSON routes, as in the contract.
 *
 * Invariant: a saga that failed is never reported as a success; the status says how it stands.
 */
import { Hono } from 'hono';
import { readJsonObject } from '../../server/body.ts';
import { queryOf, startAnswer, traceOfRequest } from '../../server/context.ts';
import type { HttpEnv } from '../../server/http-env.ts';
import { definitionOf, noSaga } from '../../server/saga-lookup.ts';
import type { DemoContext } from '../demo-context.ts';
import { ORDER_SAGA } from './order-demo.ts';
import { startOrder } from './order-start.ts';
import { orderSagaRow, orderStatsView, orderStatusView } from './order-status.ts';
import { pageOf, waitMsOf } from '../../server/query.ts';

/** Orders and what the services have of them, below `/saga`. */
export function orderRoutes({ backstep, demo }: DemoContext): Hono<HttpEnv> {
  return new Hono<HttpEnv>()
    .post('/execute', async (c) => {
      const waitMs = waitMsOf(queryOf(c));
      const order = await demo.parseOrder(await readJsonObject(c.req.raw));
      const started = await startOrder(backstep, order, traceOfRequest(c));
      const { status, code, removed } = await startAnswer(started, waitMs);
      const isRemoved = removed.isRemoved === undefined ? {} : { is_removed: true };
      const body = { saga_id: started.id, order_id: order.key, status, ...isRemoved };
      return c.json(body, code, { location: `/saga/status/${started.id}` });
    })
    .get('/status/:id', async (c) => {
      const id = c.req.param('id');
      const [saga, state] = await Promise.all([backstep.read.saga(id), backstep.saga(id).state()]);
      if (saga === null || state === null) throw noSaga(id);
      const definition = definitionOf(backstep, saga.type, saga.version);
      return c.json(orderStatusView(saga.type, state, definition));
    })
    .get('/all', async (c) => {
      const page = await backstep.read.listSagas({ type: ORDER_SAGA }, pageOf(queryOf(c)));
      return c.json({
        items: page.items.map((saga) => orderSagaRow(saga)),
        nextCursor: page.nextCursor,
      });
    })
    .get('/stats', async (c) =>
      c.json(orderStatsView(await backstep.read.statusCounts(ORDER_SAGA))),
    )
    .get('/inventory', async (c) => c.json(await demo.inventory()))
    .get('/payments', async (c) => c.json(await demo.payments(pageOf(queryOf(c)))))
    .get('/notifications', async (c) => c.json(await demo.notifications(pageOf(queryOf(c)))))
    .get('/orders', async (c) => c.json(await demo.orders(pageOf(queryOf(c)))));
}
