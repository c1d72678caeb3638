/**
 * What the buttons of the order page do: forms in, a piece of the page out.
 *
 * The same forms work without script: then the answer is a redirect or a whole page.
 */
import { Hono } from 'hono';
import { html } from 'hono/html';
import { BackstepError } from '../../core/errors.ts';
import { readForm } from '../../server/body.ts';
import { isFromScript } from '../../server/dashboard/frame/form-answers.ts';
import { FAULT_PRESETS, type FaultControls } from '../lab/fault-controls.ts';
import { socketQuery } from '../../server/dashboard/frame/page-frame.ts';
import type { HttpEnv } from '../../server/http-env.ts';
import { type DemoContext, isProviderStopped } from '../demo-context.ts';
import { orderBatchRoutes } from './order-batch.ts';
import { startOrder } from './order-start.ts';
import { activeFaults } from '../lab/fault-panel.ts';
import { replacement } from '../../server/dashboard/frame/html.ts';
import { liveSocket } from '../../server/dashboard/frame/layout.ts';
import { unusedOrderId, orderAccepted, orderIdInput } from './order-form.ts';
import { ORDER_PAGE } from './order-page-view.ts';

type Form = ReadonlyMap<string, string>;

/** The routes, with whole paths. */
export function orderPageActions(context: DemoContext): Hono<HttpEnv> {
  const { backstep, demo, faults, touch } = context;
  const app = new Hono<HttpEnv>().route('/', orderBatchRoutes(context));
  app.post('/saga/actions/orders', async (c) => {
    const order = await demo.parseOrder(orderBody(await readForm(c.req.raw)));
    const { id } = await startOrder(backstep, order);
    const address = `${ORDER_PAGE}?id=${encodeURIComponent(id)}`;
    if (!isFromScript(c)) return c.redirect(address, 303);
    // From here on the page follows the new saga.
    const shown = socketQuery({ path: ORDER_PAGE }, new URLSearchParams({ id }));
    const follow = replacement('live', liveSocket(shown));
    const nextId = replacement('order-id', orderIdInput(unusedOrderId()));
    const answer = html`${orderAccepted(order.key, id)}${nextId}${follow}`;
    return c.html(answer, 200, { 'hx-replace-url': address });
  });
  if (faults !== null) {
    app.post('/saga/actions/faults', async (c) => {
      applyFaults(faults, await readForm(c.req.raw));
      touch();
      if (!isFromScript(c)) return c.redirect(ORDER_PAGE, 303);
      return c.html(activeFaults(faults.list(), await isProviderStopped(context)));
    });
  }
  return app;
}

/** A form has only text; the contract wants a number here. Anything else is left to be refused. */
function orderBody(form: Form): Record<string, unknown> {
  const body = Object.fromEntries(form);
  const quantity = form.get('quantity') ?? '';
  return /^-?\d+(\.\d+)?$/.test(quantity) ? { ...body, quantity: Number(quantity) } : body;
}

function applyFaults(faults: FaultControls, form: Form): void {
  const wanted = form.get('preset');
  if (wanted === undefined) {
    const failNext = Number(form.get('fail_next') ?? NaN);
    faults.set(form.get('activity') ?? '', { failNext, mode: form.get('mode') });
    return;
  }
  const preset = FAULT_PRESETS.find(({ id }) => id === wanted);
  if (preset === undefined && wanted !== 'reset') {
    throw new BackstepError('not-found', `there is no preset ${wanted.slice(0, 60)}`);
  }
  faults.clear();
  for (const [activity, settings] of Object.entries(preset?.faults ?? {})) {
    faults.set(activity, settings);
  }
}
