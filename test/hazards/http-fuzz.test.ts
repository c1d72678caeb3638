/**
 * Generated requests that are wrong, against the shipped server: no 5xx, no crash, bounded memory.
 *
 * BACKSTEP_FUZZ_REQUESTS sets how many, BACKSTEP_FUZZ_SEED which. A part of them goes to a server over
 * PostgreSQL: what is stored, sorted and searched there is other SQL.
 */
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { PAGES } from '../browser/pages.ts';
import { orderOf } from '../e2e/order-books.ts';
import { siteFor } from '../e2e/site.ts';
import { describeOnPostgres, postgresDatabase } from '../postgres/databases.ts';
import { allRoutes } from './all-routes.ts';
import { bytesOf, oddRequests } from './odd-requests.ts';
import { sendRaw } from './raw-http.ts';
import { faultsLoggedBy, residentBytesOf } from './server-figures.ts';

const REQUESTS = Number(process.env['BACKSTEP_FUZZ_REQUESTS'] ?? 10_000);
const SEED = Number(process.env['BACKSTEP_FUZZ_SEED'] ?? 4);
/** So many at a time, over as many connections. */
const AT_ONCE = 25;
/**
 * The heap has found its size by then: over 600,000 requests 548 MB were resident after 20,000,
 * 624 at most, and 528 at the end.
 */
const warmUpRuns = (requests: number): number => Math.max(40, Math.ceil(requests / AT_ONCE / 10));
const MAX_GROWTH_BYTES = 150 * 1024 * 1024;
const MAX_BYTES = 1024 * 1024 * 1024;
const TEST_LIMIT_MS = 60_000 + REQUESTS * 20;

/** Of those, over PostgreSQL; BACKSTEP_FUZZ_POSTGRES sets how many. */
const ON_POSTGRES = Number(process.env['BACKSTEP_FUZZ_POSTGRES'] ?? Math.ceil(REQUESTS / 25));

test(
  `${REQUESTS} wrong requests get no 5xx, crash nothing and take no memory`,
  () => expectHarmless(REQUESTS),
  TEST_LIMIT_MS,
);

describeOnPostgres('over PostgreSQL', () => {
  test(
    `${ON_POSTGRES} wrong requests get no 5xx and crash nothing`,
    async () => {
      const { url } = await postgresDatabase();
      await expectHarmless(ON_POSTGRES, url);
    },
    TEST_LIMIT_MS,
  );
});

async function expectHarmless(requests: number, database?: string): Promise<void> {
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
      if (runs === warmUpRuns(requests)) warmBytes = residentBytesOf(server.pid);
      const wrong = batch.filter((_, index) => (answers[index] ?? 0) >= 500);
      expect(wrong).toEqual([]);
    }),
    { numRuns: Math.ceil(requests / AT_ONCE), seed: SEED, endOnFailure: true },
  );

  // They did reach the routes: some were taken, most were refused for different reasons.
  const least = Math.min(20, requests / 100);
  for (const status of [200, 400, 403, 404, 405])
    expect(statuses.get(status)).toBeGreaterThan(least);
  expect(faultsLoggedBy(server)).toEqual([]);
  const bytes = residentBytesOf(server.pid);
  if (bytes !== null && warmBytes !== null) {
    expect(bytes - warmBytes).toBeLessThan(MAX_GROWTH_BYTES);
    expect(bytes).toBeLessThan(MAX_BYTES);
  }
  // Still the same process, and it still does what it is for.
  await site.clearFaults();
  expect((await site.order(orderOf(1_000_000), '60s')).body.status).toBe('completed');
}
