/**
 * Load, kill -9, restart, check, again and again, over a file and over PostgreSQL.
 * BACKSTEP_TORTURE_CYCLES sets how often.
 *
 * The client does what a client should: an order that nobody answered for is posted again with the
 * same id. In the end each order is there once, at an end, and all books agree.
 */
import { expect, test } from 'vitest';
import { expectBooksToAddUp, ordersOf, type SagaRow } from './order-books.ts';
import { describeOnPostgres, migratedDatabase } from '../postgres/databases.ts';
import type { Program } from './processes.ts';
import { type OrderBody, type Site, siteFor } from './site.ts';

const CYCLES = Number(process.env['BACKSTEP_TORTURE_CYCLES'] ?? 12);
const CYCLE_LIMIT_MS = 60_000;
const SHORT_RUN = 12;
const IS_LONG = CYCLES > SHORT_RUN;
const ORDERS_PER_CYCLE = IS_LONG ? 40 : 8;
/** Books are compared every so many cycles and at the end; what was accepted, after each. */
const BOOKS_EVERY = IS_LONG ? 20 : 6;
/** Cycles from one line of progress to the next, in a long run. */
const PROGRESS_EVERY = 10;
const CLIENTS = 8;
/** Every so many cycles the provider dies with the server, or the server dies twice. */
const PROVIDER_DIES_EVERY = IS_LONG ? 2 : 4;
const DIES_AGAIN_EVERY = IS_LONG ? 3 : 6;

/** Over PostgreSQL; where nothing is set no more than shows that it holds there too. */
const ON_POSTGRES = IS_LONG ? CYCLES : 4;

test(
  `${CYCLES} kills under load lose no accepted order and charge none twice`,
  ({ onTestFinished }) => expectSurvival(onTestFinished, CYCLES),
  CYCLE_LIMIT_MS * CYCLES,
);

describeOnPostgres('over PostgreSQL', () => {
  test(
    `${ON_POSTGRES} kills under load lose no accepted order and charge none twice`,
    async ({ onTestFinished }) => {
      const { url } = await migratedDatabase();
      await expectSurvival(onTestFinished, ON_POSTGRES, url);
    },
    CYCLE_LIMIT_MS * ON_POSTGRES,
  );
});

async function expectSurvival(
  onTestFinished: Parameters<typeof siteFor>[0],
  cycles: number,
  database?: string,
): Promise<void> {
  const site = await siteFor(onTestFinished, database);
  let provider = await site.provide();
  let server = await site.serve();
  const orders: OrderBody[] = [];
  const unchecked: OrderBody[] = [];
  let kills = 0;
  let acknowledged = 0;
  for (let cycle = 1; cycle <= cycles; cycle += 1) {
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
      kills += 1;
      server = await site.serve();
    }
    kills += victims.length;
    const accepted = batch.filter((order) => !unanswered.includes(order));
    acknowledged += accepted.length;
    expect(await missingOf(site, accepted)).toEqual([]);
    for (const order of unanswered) expect((await site.order(order)).status).toBe(202);
    unchecked.push(...batch);
    if (cycle % BOOKS_EVERY === 0 || cycle === cycles) {
      await site.atRest();
      await expectBooksToAddUp(site, orders, unchecked.splice(0));
    }
    if (IS_LONG && (cycle % PROGRESS_EVERY === 0 || cycle === cycles)) {
      console.info(
        `${cycle} of ${cycles} cycles: ${kills} kills, ${orders.length} orders, ` +
          `${acknowledged} acknowledged before a kill, acknowledged and lost: 0`,
      );
    }
  }
}

/** Those orders that the server does not know. */
async function missingOf(site: Site, orders: readonly OrderBody[]): Promise<readonly string[]> {
  // The newest come first, so that the first page has them whatever the run has made before.
  const sagas = await site.get<{ items: readonly SagaRow[] }>('/saga/all?limit=200');
  const known = new Set(sagas.items.map((saga) => saga.order_id));
  return orders.map((order) => order.order_id).filter((id) => !known.has(id));
}

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
