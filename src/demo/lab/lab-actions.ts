/**
 * What the forms of the fault lab do. They work without script: then the answer is a redirect or a
 * whole page.
 */
import { Hono, type Context } from 'hono';
import { html } from 'hono/html';
import { BackstepError } from '../../core/errors.ts';
import { readForm } from '../../server/body.ts';
import type { HttpEnv } from '../../server/http-env.ts';
import { definitionOf } from '../../server/saga-lookup.ts';
import type { FaultControls } from './fault-controls.ts';
import { applyFaultForm, loadIn } from './fault-form.ts';
import { isFromScript } from '../../server/dashboard/frame/form-answers.ts';
import { crashSoon, startScenario } from './lab-runner.ts';
import { scenarioOf, SCENARIOS } from './lab-scenarios.ts';
import type { LoadGenerator } from './load-generator.ts';
import { ORDER_SAGA } from '../order/order-demo.ts';
import type { DemoContext } from '../demo-context.ts';
import type { OrderLab } from './order-lab.ts';
import type { Html } from '../../server/dashboard/frame/html.ts';

/** The routes, with whole paths. */
export function labActions(
  context: DemoContext,
  faults: FaultControls,
  lab: OrderLab,
  load: LoadGenerator,
): Hono<HttpEnv> {
  const { backstep, provider, touch } = context;
  const labContext = { ...context, lab };
  const actions = new Hono<HttpEnv>().basePath('/faults/actions');
  actions.post('/scenarios/:id', async (c) => {
    const scenario = scenarioOf(c.req.param('id'));
    if (scenario === undefined) {
      const known = SCENARIOS.map(({ id }) => id).join(', ');
      throw new BackstepError('not-found', `there is no such scenario; known: ${known}`);
    }
    await startScenario(labContext, scenario);
    touch();
    const place = `#scenario-${scenario.id}`;
    // Its card says how it goes; this stays true when it is over.
    const words = html`“${scenario.title}” is tried: <a href="${place}">what comes of it</a>.`;
    return done(c, words, place);
  });
  actions.post('/set', async (c) => {
    const form = await readForm(c.req.raw);
    const isReset = form.get('reset') === 'yes';
    if (isReset) {
      faults.clear();
      load.stop();
      provider?.order('running');
    } else applyFaultForm(faults, definitionOf(backstep, ORDER_SAGA)?.activities ?? [], form);
    touch();
    return done(c, isReset ? 'Everything may work again.' : 'The faults are set.', '#own');
  });
  actions.post('/crash', async (c) => {
    await crashSoon(labContext);
    return done(c, 'The server ends now. This page comes back by itself in a moment.', '');
  });
  actions.post('/provider', async (c) => {
    const wanted = (await readForm(c.req.raw)).get('wanted');
    if (provider === null) {
      // No fault that passes: whoever comes back finds the same.
      throw new BackstepError('not-legal', 'the payment provider was not started by npm start');
    }
    provider.order(wanted === 'stopped' ? 'stopped' : 'running');
    touch();
    const words = wanted === 'stopped' ? 'is being stopped' : 'is being started';
    return done(c, `The payment provider ${words}.`, '#processes');
  });
  actions.post('/load', async (c) => {
    load.start(loadIn(await readForm(c.req.raw)));
    touch();
    return done(c, 'The orders are being placed.', '#load');
  });
  actions.post('/load/stop', (c) => {
    load.stop();
    touch();
    return done(c, 'No more orders are placed.', '#load');
  });
  return actions;
}

function done(c: Context, words: Html | string, place: string): Response | Promise<Response> {
  if (!isFromScript(c)) return c.redirect(`/faults${place}`, 303);
  const note: Html = html`<p class="note tone-good">
    <span class="icon" aria-hidden="true">✓</span> ${words}
  </p>`;
  return c.html(note);
}
