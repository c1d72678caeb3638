/**
 * More events to one saga than the shipped server can take at once: what is too much is refused
 * before it is accepted; what was accepted is never shed. Starts: floods.long.test.ts.
 */
import { expect, onTestFinished, test } from 'vitest';
import { orderOf } from '../e2e/order-books.ts';
import { type Site, siteFor, until } from '../e2e/site.ts';
import { Disk, useDiskLibrary } from './disk.ts';
import { faultsLoggedBy } from './server-figures.ts';

const TEST_LIMIT_MS = 120_000;
/** More than the mailbox of one saga holds, fewer than the server takes connections. */
const EVENTS = 1_800;
/**
 * Longer than the flood takes to arrive on the slowest machine: once its first turn is durable, the
 * others are refused without a turn, for nothing waits for them any more.
 */
const SLOW_SYNC_MS = 90_000;
const WITHOUT_BOUND = { BACKSTEP_REQUESTS_PER_SECOND: 'off' };

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
