/**
 * Generated requests that are wrong, against the shipped server: no 5xx, no crash, bounded memory.
 */
import fc from 'fast-check';
import { expect, onTestFinished } from 'vitest';
import { PAGES } from '../browser/pages.ts';
import { orderOf } from '../e2e/order-books.ts';
import { siteFor } from '../e2e/site.ts';
import { allRoutes } from './all-routes.ts';
import { bytesOf, oddRequests } from './odd-requests.ts';
import { sendRaw } from './raw-http.ts';
import { faultsLoggedBy, residentBytesOf } from './server-figures.ts';

const SEED = Number(process.env['BACKSTEP_FUZZ_SEED'] ?? 4);
/** So many at a time, over as many connections. */
const AT_ONCE = 25;
/**
 * The heap has found its size after a tenth: over 600,000 requests 548 MB were resident after 20,000,
 * 624 at most, and 528 at the end.
 */
const WARM_UP_SHARE = 1 / 10;
const LEAST_WARM_UP_RUNS = 40;
const MAX_GROWTH_BYTES = 150 * 1024 * 1024;
const MAX_BYTES = 1024 * 1024 * 1024;

/** How long that many may take. */
export const fuzzLimitMs = (requests: number): number => 60_000 + requests * 20;

/** They did reach the routes: some were taken, most were refused for different reasons. */
export const REACHED: unknown = expect.arrayContaining([200, 400, 403, 404, 405]);
/** Part of all requests that is often. One in a hundred is taken; every new route makes other ones of a seed. */
const OFTEN_SHARE = 1 / 500;

/**
 * Sends that many; BACKSTEP_FUZZ_SEED says which. Gives the statuses that were answered often.
 * `database`: a URL; default: a file.
 */
export async function fuzz(requests: number, database?: string): Promise<readonly number[]> {
  const allRuns = Math.ceil(requests / AT_ONCE);
  const warmUpRuns = Math.max(LEAST_WARM_UP_RUNS, Math.ceil(allRuns * WARM_UP_SHARE));
  const routes = [...new Set((await allRoutes()).map(({ path }) => path))];
  expect(routes.length).toBeGreaterThan(30);
  const site = await siteFor(onTestFinished, database);
  await site.provide();
  // Without the bound on requests a second, which would refuse most of them unread.
  const server = await site.serve({ BACKSTEP_REQUESTS_PER_SECOND: 'off' });
  const port = Number(new URL(site.url).port);
  // The first look at a page starts the thread that lays charts out, which is no growth.
  for (const path of PAGES) expect((await fetch(`${site.url}${path}`)).status).toBe(200);

  const statuses = new Map<number, number>();
  let runs = 0;
  let warmBytes: number | null = null;
  const batches = fc.array(oddRequests(routes), { minLength: AT_ONCE, maxLength: AT_ONCE });
  await fc.assert(
    fc.asyncProperty(batches, async (batch) => {
      const answers = await Promise.all(batch.map((one) => sendRaw(port, bytesOf(one))));
      for (const status of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1);
      runs += 1;
      if (runs === warmUpRuns) warmBytes = residentBytesOf(server.pid);
      const wrong = batch.filter((_, index) => (answers[index] ?? 0) >= 500);
      expect(wrong).toEqual([]);
    }),
    { numRuns: allRuns, seed: SEED, endOnFailure: true },
  );

  expect(faultsLoggedBy(server)).toEqual([]);
  const bytes = residentBytesOf(server.pid);
  if (bytes !== null && warmBytes !== null) {
    expect(bytes - warmBytes).toBeLessThan(MAX_GROWTH_BYTES);
    expect(bytes).toBeLessThan(MAX_BYTES);
  }
  // Still the same process, and it still does what it is for.
  await site.clearFaults();
  expect((await site.order(orderOf(1_000_000), '60s')).body.status).toBe('completed');
  return [...statuses].flatMap(([status, count]) =>
    count >= requests * OFTEN_SHARE ? status : [],
  );
}
