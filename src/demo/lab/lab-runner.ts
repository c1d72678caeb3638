/**
 * Tries a scenario: places an order whose own calls are broken, does to it what the scenario says,
 * and mends it once it is settled.
 *
 * Must never judge: see `lab-checks.ts`. Invariant: what it does is recorded before the order is
 * placed, so that a try that crashes the process is still found after the restart.
 */
import { randomUUID } from 'node:crypto';
import { BackstepError } from '../../core/errors.ts';
import type { CommandName } from '../../core/turn/inbound.ts';
import { isSettled } from '../../core/status.ts';
import type { DemoContext } from '../demo-context.ts';
import type { LabAct, Scenario } from './lab-scenarios.ts';
import { ORDER_SAGA, type OrderDemo } from '../order/order-demo.ts';
import { CRASH_RUN, type OrderLab } from './order-lab.ts';

/** Longest that a try is watched; its faults end then. */
const MAX_RUN_MS = 60_000;
/** Crashes within `CRASH_WINDOW_MS` before more are refused: the launcher gives up at six. */
const MAX_CRASHES = 4;
const CRASH_WINDOW_MS = 60_000;
/** From the answer to the crash, so that the browser gets the answer. */
const CRASH_DELAY_MS = 150;
/** Recorded as the author of its commands. */
const LAB_AUTHOR = 'fault lab';

export type LabContext = Pick<
  DemoContext,
  'backstep' | 'crash' | 'crashRunner' | 'demo' | 'logger' | 'nowMs'
> & {
  readonly lab: OrderLab;
};

/** The body of every order that the lab places. */
export function labOrder(orderId: string, productId: string): Record<string, unknown> {
  return {
    order_id: orderId,
    customer_id: 'fault-lab',
    customer_email: 'fault-lab@backstep.example',
    product_id: productId,
    quantity: 1,
    amount: '25.00',
    payment_method: 'credit_card',
  };
}

/** The products that orders may be placed for, at least one. */
export async function productIdsOf(demo: OrderDemo): Promise<readonly [string, ...string[]]> {
  const { items } = await demo.inventory();
  const [first, ...others] = items.map(({ product_id }) => product_id);
  if (first === undefined) throw new BackstepError('unavailable', 'there is no product to order');
  return [first, ...others];
}

/** Places the order of a try and lets it go on by itself. Resolves with its order's id. */
export async function startScenario(context: LabContext, scenario: Scenario): Promise<string> {
  const { backstep, demo, lab, logger, nowMs } = context;
  if (scenario.act?.kind === 'crash') await assertMayCrash(context);
  const orderId = `lab-${scenario.id}-${randomUUID().slice(0, 8)}`;
  const [productId] = await productIdsOf(demo);
  const { input, key } = await demo.parseOrder(labOrder(orderId, productId));
  await lab.noteRun({ scenario: scenario.id, orderId, note: '', startedAtMs: nowMs() });
  lab.breakOrder(orderId, scenario.faults);
  let sagaId: string;
  try {
    ({ id: sagaId } = await backstep.spawn(ORDER_SAGA, { input, key }));
  } catch (error) {
    lab.mendOrder(orderId);
    throw error;
  }
  void follow(context, scenario, orderId, sagaId)
    .catch((err: unknown) => logger.error({ err, scenario: scenario.id }, 'a scenario went astray'))
    .finally(() => lab.mendOrder(orderId));
  return orderId;
}

/** Ends the process once the answer has left. Throws `overloaded` when it happens too often. */
export async function crashSoon(context: LabContext): Promise<void> {
  await assertMayCrash(context);
  const { crash, lab, nowMs } = context;
  const orderId = `lab-${CRASH_RUN}-${randomUUID().slice(0, 8)}`;
  await lab.noteRun({ scenario: CRASH_RUN, orderId, note: '', startedAtMs: nowMs() });
  setTimeout(crash, CRASH_DELAY_MS);
}

async function follow(
  context: LabContext,
  { act }: Scenario,
  orderId: string,
  sagaId: string,
): Promise<void> {
  const { backstep, lab } = context;
  if (act !== undefined) await doTo(context, act, orderId, sagaId);
  await backstep.saga(sagaId).settled({ within: MAX_RUN_MS });
  if (act?.kind === 'cancel-then-charge') {
    await lab.noteSeen(orderId, await lab.chargeLate(orderId, sagaId));
  }
  if (act?.kind === 'terminate-then-sweep') await lab.sweepAfterExpiry();
}

async function doTo(
  context: LabContext,
  act: LabAct,
  orderId: string,
  sagaId: string,
): Promise<void> {
  const { backstep, crashRunner } = context;
  const command = (name: CommandName): Promise<unknown> =>
    backstep.saga(sagaId).command({ name, by: LAB_AUTHOR, reason: `scenario of ${orderId}` });
  switch (act.kind) {
    case 'crash':
      await untilStep(context, sagaId, act.during, ['running']);
      setTimeout(crashRunner, CRASH_DELAY_MS);
      return;
    case 'cancel':
      await untilStep(context, sagaId, act.during, ['retrying']);
      await command('cancel');
      return;
    case 'cancel-then-charge':
      await untilStep(context, sagaId, act.during, ['running']);
      await command('cancel');
      return;
    case 'terminate-then-sweep':
      await untilStep(context, sagaId, act.during, ['running']);
      await command('terminate');
      return;
  }
}

/** Resolves once the step stands so; rejects when the saga settles, or the time is over, before. */
async function untilStep(
  { backstep }: LabContext,
  sagaId: string,
  name: string,
  wanted: readonly string[],
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const look = async (): Promise<void> => {
    const state = await backstep.saga(sagaId).state();
    const step = state?.steps.findLast((one) => one.name === name);
    if (step !== undefined && wanted.includes(step.status)) resolve();
    else if (state !== null && isSettled(state.status)) {
      reject(new Error(`${sagaId} settled before ${name} was ${wanted.join(' or ')}`));
    }
  };
  const unsubscribe = backstep.subscribe((entry) => {
    if (entry.sagaId === sagaId) void look().catch(reject);
  });
  const timeout = setTimeout(() => reject(new Error(`${name} never began`)), MAX_RUN_MS);
  try {
    await look();
    await promise;
  } finally {
    clearTimeout(timeout);
    unsubscribe();
  }
}

async function assertMayCrash({ lab, nowMs }: LabContext): Promise<void> {
  if (!lab.isKept) {
    throw new BackstepError(
      'not-legal',
      'nobody would start this process again: run it with npm start to try a crash',
    );
  }
  if ((await lab.crashesSince(nowMs() - CRASH_WINDOW_MS)) < MAX_CRASHES) return;
  throw new BackstepError(
    'overloaded',
    'that were many crashes within a minute: wait a little, the launcher gives up after five',
    { retryAfterMs: CRASH_WINDOW_MS },
  );
}
