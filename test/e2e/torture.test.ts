/**
 * Load, kill -9, restart, check, again and again. BACKSTEP_TORTURE_CYCLES sets how often.
 *
 * The client does what a client should: an order that nobody answered for is posted again with the
 * same id. In the end each order is there once, at an end, and all books agree.
 */
import { expect, test } from 'vitest';
import { expectBooksToAddUp, ordersOf } from './order-books.ts';
import type { Program } from './processes.ts';
import { type OrderBody, type Site, siteFor } from './site.ts';

const CYCLES = Number(process.env['BACKSTEP_TORTURE_CYCLES'] ?? 3);
const CYCLE_LIMIT_MS = 60_000;
const ORDERS_PER_CYCLE = 80;
const CLIENTS = 16;
/** Every so many cycles the provider dies with the server, or the server dies twice. */
const PROVIDER_DIES_EVERY = 2;
const DIES_AGAIN_EVERY = 3;

test(
  `${CYCLES} kills under load lose no accepted order and charge none twice`,
  async ({ onTestFinished }) => {
    const site = await siteFor(onTestFinished);
    let provider = await site.provide();
    let server = await site.serve();
    const orders: OrderBody[] = [];
    for (let cycle = 1; cycle <= CYCLES; cycle += 1) {
      await disturb(site, cycle);
      const batch = ordersOf(ORDERS_PER_CYCLE, orders.length + 1);
      orders.push(...batch);
      const isProviderVictim = cycle % PROVIDER_DIES_EVERY === 0;
      const victims = isProviderVictim ? [server, provider] : [server];
      const unanswered = await postAndKill(site, batch, victims);
      if (isProviderVictim) provider = await site.provide();
      server = await site.serve();
      if (cycle % DIES_AGAIN_EVERY === 0) {
        await kill([server]);
        server = await site.serve();
      }
      for (const order of unanswered) expect((await site.order(order)).status).toBe(202);
      await site.atRest();
      await expectBooksToAddUp(site, orders, batch);
    }
  },
  CYCLE_LIMIT_MS * CYCLES,
);

/** Gives the orders that were not accepted as far as the client knows. */
async function postAndKill(
  site: Site,
  orders: readonly OrderBody[],
  victims: readonly Program[],
): Promise<readonly OrderBody[]> {
  const queue = [...orders];
  const unanswered: OrderBody[] = [];
  let untilKill = 1 + Math.floor(Math.random() * (orders.length - 1));
  let death: Promise<unknown> = Promise.resolve();
  const client = async (): Promise<void> => {
    for (let order = queue.shift(); order !== undefined; order = queue.shift()) {
      const status = await site.order(order).then(
        (answer) => answer.status,
        () => 0,
      );
      if (status !== 202) unanswered.push(order);
      untilKill -= 1;
      if (untilKill === 0) death = kill(victims);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  await death;
  return unanswered;
}

async function kill(victims: readonly Program[]): Promise<void> {
  for (const victim of victims) victim.signal('SIGKILL');
  await Promise.all(victims.map((victim) => victim.ended));
}

async function disturb(site: Site, cycle: number): Promise<void> {
  await site.callProvider('PUT', '/behaviour', {
    latencyMs: 10,
    failureRate: 0.1,
    mode: 'applied-then-lost',
  });
  await site.fault('reserveInventory', { failureRate: 0.1 });
  await site.fault('sendConfirmation', { failureRate: 0.1 });
  await site.fault('updateOrder', { failureRate: cycle % 2 === 0 ? 0.5 : 0.2, mode: 'permanent' });
  await site.fault('releaseInventory', { failureRate: 0.3 });
}
