/**
 * More than the shipped server can take at once: events to one saga, starts, and a stop signal in
 * the middle. What is too much is refused before it is accepted; what was accepted is never shed.
 */
import { expect, onTestFinished, test } from 'vitest';
import { expectBooksToAddUp, orderOf, ordersOf } from '../e2e/order-books.ts';
import { type Site, siteFor, until } from '../e2e/site.ts';
import { useDiskLibrary, Disk } from './disk.ts';
import { lostOf, postUntil, type Told } from './load.ts';
import { faultsLoggedBy } from './server-figures.ts';

const TEST_LIMIT_MS = 120_000;
/** More than the mailbox of one saga holds, fewer than the server takes connections. */
const EVENTS = 1_800;
/**
 * Longer than the flood takes to arrive on the slowest machine: once its first turn is durable, the
 * others are refused without a turn, for nothing waits for them any more.
 */
const SLOW_SYNC_MS = 90_000;
const STARTS = 1_500;
/** At the times of the stop signal, so many orders were acknowledged. */
const STOPPED_AFTER = [2, 40, 100];
const CLIENTS = 16;
const WITHOUT_BOUND = { BACKSTEP_REQUESTS_PER_SECOND: 'off' };
/** Five seconds' worth may come at once. */
const SLOW_DOWN = { BACKSTEP_REQUESTS_PER_SECOND: '60' };

const library = useDiskLibrary('slow disk');

test.skipIf(library === null)(
  'a flood of events to one saga is refused past its bound, and no other saga feels it',
  async () => {
    const site = await siteFor(onTestFinished);
    const disk = new Disk(library, site.folder);
    await site.provide();
    const server = await site.serve({ ...WITHOUT_BOUND, ...disk.env });
    const id = await waitingTrip(site);
    disk.slowDown(SLOW_SYNC_MS);
    const refused = Promise.withResolvers<void>();
    const flood = Array.from({ length: EVENTS }, async (_, nth) => {
      const answer = await tell(site, id, { type: 'approve', id: `approve-${nth}` });
      if (answer.status === 429) refused.resolve();
      return answer;
    });
    const other = site.order(orderOf(1), '60s');
    await Promise.race([refused.promise, Promise.all(flood)]);
    disk.slowDown(0);
    const answers = await Promise.all(flood);
    expect((await other).body.status).toBe('completed');
    const counts = Map.groupBy(answers, ({ status }) => status);
    expect([...counts.keys()].filter((status) => ![202, 409, 429].includes(status))).toEqual([]);
    expect(counts.get(429) ?? []).not.toEqual([]);
    expect(counts.get(429)?.filter(({ retryAfter }) => retryAfter === null)).toEqual([]);

    await until('the trip is completed', async () => {
      return (await site.get<{ status: string }>(`/api/sagas/${id}`)).status === 'completed';
    });
    const taken = (await site.journal(id)).filter(
      ({ event, kind }) => event === 'approve' && kind === 'transition',
    );
    expect(taken).toHaveLength(1);
    expect(faultsLoggedBy(server)).toEqual([]);
  },
  TEST_LIMIT_MS,
);

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

async function waitingTrip(site: Site): Promise<string> {
  const input = {
    tripId: 'flooded',
    traveller: 'traveller-1',
    destination: 'Lisbon',
    nights: 1,
    amountMinor: 100,
  };
  const { body } = await site.call<{ id: string }>('POST', '/api/sagas/trip', { input });
  await until('the trip waits', async () => {
    return (await site.get<{ status: string }>(`/api/sagas/${body.id}`)).status === 'waiting';
  });
  return body.id;
}

interface FloodAnswer {
  readonly status: number;
  readonly retryAfter: string | null;
}

async function tell(site: Site, id: string, event: object): Promise<FloodAnswer> {
  const response = await fetch(`${site.url}/api/sagas/${id}/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(event),
  });
  await response.arrayBuffer();
  return { status: response.status, retryAfter: response.headers.get('retry-after') };
}
