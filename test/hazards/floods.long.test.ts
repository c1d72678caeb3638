/**
 * More starts than the shipped server can take at once, and a stop signal in the middle. What is too
 * much is refused before it is accepted; what was accepted is never shed.
 */
import { expect, onTestFinished, test } from 'vitest';
import { expectBooksToAddUp, ordersOf } from '../e2e/order-books.ts';
import { siteFor } from '../e2e/site.ts';
import { lostOf, postUntil, type Told } from './load.ts';

const TEST_LIMIT_MS = 120_000;
const STARTS = 1_500;
/** At the times of the stop signal, so many orders were acknowledged. */
const STOPPED_AFTER = [2, 40, 100];
const CLIENTS = 16;
const WITHOUT_BOUND = { BACKSTEP_REQUESTS_PER_SECOND: 'off' };
/** Five seconds' worth may come at once. */
const SLOW_DOWN = { BACKSTEP_REQUESTS_PER_SECOND: '60' };

test(
  'a flood of starts is refused past its bound, and each accepted one reaches its end',
  async () => {
    const site = await siteFor(onTestFinished);
    await site.provide();
    const server = await site.serve(SLOW_DOWN);
    const orders = ordersOf(STARTS);
    const answers = await Promise.all(orders.map((order) => site.order(order)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202, 429]));
    server.signal('SIGTERM');
    expect(await server.ended).toBe(0);

    await site.serve(WITHOUT_BOUND); // to look at all of them
    await site.atRest();
    const accepted = orders.filter((_, index) => answers[index]?.status === 202);
    const { sagas } = await expectBooksToAddUp(site, accepted, accepted.slice(0, 20));
    expect(sagas).toHaveLength(accepted.length);
  },
  TEST_LIMIT_MS,
);

test(
  'SIGTERM under the load of many clients drains with exit code 0, and nothing told is lost',
  async () => {
    const site = await siteFor(onTestFinished);
    await site.provide();
    let first = 1;
    let server = await site.serve(WITHOUT_BOUND);
    const all: Told[] = [];
    for (const answers of STOPPED_AFTER) {
      const orders = ordersOf(answers + 100, first);
      first += orders.length;
      const strike = (): unknown => server.signal('SIGTERM');
      all.push(await postUntil(site, orders, { clients: CLIENTS, answers, strike }));
      expect(await server.ended).toBe(0);
      server = await site.serve(WITHOUT_BOUND);
    }
    await site.atRest();
    for (const told of all) {
      expect(told.unanswered.length).toBeGreaterThan(0); // it stopped before the clients did
      expect(await lostOf(site, told)).toEqual([]);
    }
    const accepted = new Set(all.flatMap((told) => [...told.accepted.keys()]));
    const unanswered = all.flatMap((told) => told.unanswered);
    const sagas = await site.all<{ order_id: string }>('/saga/all');
    // Some of the others were accepted too, and the connection was gone before the answer.
    const again = await Promise.all(unanswered.map((order) => site.order(order, '60s')));
    expect(new Set(again.map(({ status }) => status))).toEqual(new Set([200]));
    await site.atRest();
    await expectBooksToAddUp(site, ordersOf(first - 1), ordersOf(20));
    expect(sagas.length).toBeGreaterThanOrEqual(accepted.size);
  },
  TEST_LIMIT_MS,
);
