/**
 * The first call to the disk fails, or the second, and so on, until a run passes untouched.
 *
 * BACKSTEP_EVERY_CALL=1 tries every number; otherwise the gaps between them grow. After each
 * failure the disk is sound again: nothing acknowledged may be missing and all books must agree.
 */
import { join } from 'node:path';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import Database from 'better-sqlite3';
import { migrateDatabase } from '../../src/store/migrate-database.ts';
import { DEMO_MIGRATIONS } from '../actors/demo-database.ts';
import { expectBooksToAddUp, orderOf, ordersOf } from '../e2e/order-books.ts';
import type { Program } from '../e2e/processes.ts';
import { type OrderBody, type Site, siteFor, until } from '../e2e/site.ts';
import { buildDiskLibrary, Disk, ERRNO } from './disk.ts';

const IS_EVERY_CALL = process.env['BACKSTEP_EVERY_CALL'] === '1';
/** By this the number of the call grows from run to run. */
const GROWTH = 3;
/** Where a run takes two starts of a server. */
const GROWTH_OF_STARTS = 9;
const TEST_LIMIT_MS = IS_EVERY_CALL ? 3_600_000 : 120_000;
const ORDERS_PER_RUN = 2;
const FOR_EVER = 1_000_000_000;
const SLOW_SYNC_MS = 2_000;
const EXIT_FAILED = 1;
const EXIT_REFUSED = 78;

const library = buildDiskLibrary();
if (library.kind === 'impossible') console.warn(`skipped: no failing calls, ${library.reason}`);
else afterAll(library.remove);
const libraryPath = library.kind === 'built' ? library.path : '';

interface Health {
  readonly status: string;
}

describe.skipIf(library.kind === 'impossible')('a call to the disk that fails', () => {
  test.each(['EIO', 'ENOSPC'] as const)(
    'with %s under orders: the server ends or goes on by itself, and nothing accepted is lost',
    async (error) => {
      const site = await siteFor(onTestFinished);
      const disk = new Disk(libraryPath, site.folder);
      await site.provide();
      let server = await site.serve(disk.env);
      const orders: OrderBody[] = [];
      let ends = 0;
      const runs = await untilUntouched(async (nth) => {
        const batch = ordersOf(ORDERS_PER_RUN, orders.length + 1);
        orders.push(...batch);
        disk.failFrom(nth, 1, ERRNO[error]);
        const unanswered = await post(site, batch);
        const outcome = await site.atRestOrEnded(server);
        const hasFailed = disk.count('failed') > 0;
        disk.heal();
        if (outcome === 'ended') {
          ends += 1;
          await expectDeathByStorage(server);
          server = await site.serve(disk.env);
        }
        for (const order of unanswered) expect((await site.order(order)).status).toBe(202);
        await site.atRest();
        await expectBooksToAddUp(site, orders, batch);
        return hasFailed;
      });
      report(`${error} under orders`, runs, ends);
      // A lost sync at COMMIT has an unknown outcome: going on would be guessing.
      if (error === 'EIO') expect(ends).toBeGreaterThan(0);
    },
    TEST_LIMIT_MS,
  );

  test.each(['EIO', 'ENOSPC'] as const)(
    'with %s while the schema is made: it is said, and the next try makes it whole',
    async (error) => {
      const site = await siteFor(onTestFinished);
      const disk = new Disk(libraryPath, site.folder);
      const runs = await untilUntouched(async (nth) => {
        const database = join(site.folder, `made-${nth}.db`);
        const args = ['migrate', '--db', database, '--migrations', DEMO_MIGRATIONS];
        disk.failFrom(nth, 1, ERRNO[error]);
        const migrate = site.start('cli', disk.env, args);
        const exit = await migrate.ended;
        const hasFailed = disk.count('failed') > 0;
        disk.heal();
        expect([0, EXIT_FAILED]).toContain(exit);
        // Refused in words; a fault that SQLite could get over may also pass.
        if (exit !== 0) expect(migrate.err.join('\n')).toMatch(/^backstep: .*(disk|full|I\/O)/);
        // The disk is sound again, so that this process may do it as well as another of the command.
        await migrateDatabase(database, { migrationsFolder: DEMO_MIGRATIONS });
        expectWhole(database);
        return hasFailed;
      });
      report(`${error} while the schema is made`, runs);
    },
    TEST_LIMIT_MS,
  );

  test(
    'with EIO from the start to the end of a server: it ends, and the next one goes on',
    async () => {
      const site = await siteFor(onTestFinished);
      const disk = new Disk(libraryPath, site.folder);
      await site.provide();
      const orders: OrderBody[] = [];
      const runs = await untilUntouched(async (nth) => {
        const batch = ordersOf(1, orders.length + 1);
        orders.push(...batch);
        disk.failFrom(nth, 1, ERRNO.EIO);
        const server = site.start('server', {
          ...disk.env,
          PAYMENT_PROVIDER_URL: site.providerUrl,
        });
        const isReady = await server.line(/^Backstep is ready: /).then(
          () => true,
          () => false,
        );
        if (isReady) await post(site, batch);
        server.signal('SIGTERM');
        expect([0, EXIT_FAILED, EXIT_REFUSED, 'SIGTERM']).toContain(await server.ended);
        const hasFailed = disk.count('failed') > 0;
        disk.heal();
        const next = await site.serve(disk.env);
        for (const order of batch) expect((await site.order(order)).status).toBeLessThan(300);
        await site.atRest();
        await expectBooksToAddUp(site, orders, batch);
        next.signal('SIGTERM');
        expect(await next.ended).toBe(0);
        return hasFailed;
      }, GROWTH_OF_STARTS);
      report('EIO from start to end', runs);
    },
    TEST_LIMIT_MS,
  );

  test.each(['EIO', 'EDQUOT', 'ENOSPC'] as const)(
    'with %s as long as it is opened is no refusal: it may pass, says the server that ends',
    async (error) => {
      const site = await siteFor(onTestFinished);
      const disk = new Disk(libraryPath, site.folder);
      disk.failFrom(1, FOR_EVER, ERRNO[error]);
      const server = site.start('server', {
        ...disk.env,
        PAYMENT_PROVIDER_URL: site.providerUrl,
      });
      expect(await server.ended).toBe(EXIT_FAILED);
      expect(server.err).toEqual([expect.stringMatching(/^backstep: .*it may pass: try again$/)]);
    },
    TEST_LIMIT_MS,
  );

  // The launcher knows no error, only how the server ended: one of them stands for all.
  test(
    'with EIO as long as it is opened: the launcher tries again until it goes',
    async () => {
      const site = await siteFor(onTestFinished);
      const disk = new Disk(libraryPath, site.folder);
      await site.provide();
      disk.failFrom(1, FOR_EVER, ERRNO.EIO);
      const settings = { ...disk.env, PAYMENT_PROVIDER_URL: site.providerUrl };
      const launcher = site.start('launcher', settings);
      await launcher.line(/the server ended with code 1; restart 1/);
      disk.heal();
      await launcher.line(/^Backstep is ready: /);
      expect((await site.order(orderOf(1), '30s')).body.status).toBe('completed');
    },
    TEST_LIMIT_MS,
  );

  test(
    'with EDQUOT until there is room is a full disk: work is refused, and goes on by itself',
    async () => {
      const site = await siteFor(onTestFinished);
      const disk = new Disk(libraryPath, site.folder);
      await site.provide();
      const server = await site.serve(disk.env);
      const orders = ordersOf(3);
      disk.failFrom(1, FOR_EVER, ERRNO.EDQUOT);
      const unanswered = await post(site, orders);
      await server.line(/the store is stalled; trying again/, 7);
      expect((await site.call('GET', '/api/health')).status).toBe(503);
      disk.heal();
      await until('it is ready again', async () => {
        return (await site.call('GET', '/api/health')).status === 200;
      });
      for (const order of unanswered) expect((await site.order(order)).status).toBe(202);
      await site.atRest();
      await expectBooksToAddUp(site, orders);
    },
    TEST_LIMIT_MS,
  );

  test('but only takes long, as a sync of two seconds, delays answers and no reader', async () => {
    const site = await siteFor(onTestFinished);
    const disk = new Disk(libraryPath, site.folder);
    await site.provide();
    await site.serve(disk.env);
    disk.slowDown(SLOW_SYNC_MS);
    const orders = ordersOf(5);
    const syncs = disk.count('syncs');
    const posting = Promise.all(orders.map((order) => site.order(order)));
    // Answered while the first commit still waits for its sync: reads do not stand behind it.
    expect(await site.all('/saga/all')).toEqual([]);
    expect((await site.call('GET', '/api/health')).status).toBe(200);
    expect(disk.count('syncs')).toBe(syncs);
    expect((await posting).map(({ status }) => status)).toEqual(orders.map(() => 202));
    expect(disk.count('syncs')).toBeGreaterThan(syncs);
    disk.slowDown(0);
    await site.atRest();
    await expectBooksToAddUp(site, orders);
  });

  test('with ENOSPC until there is room: nothing new is accepted, all can be read, and it resumes', async () => {
    const site = await siteFor(onTestFinished);
    const disk = new Disk(libraryPath, site.folder);
    await site.provide();
    const server = await site.serve(disk.env);
    const [first, caught, refused] = ordersOf(3);
    if (first === undefined || caught === undefined || refused === undefined) throw new Error();
    expect((await site.order(first, '20s')).body.status).toBe('completed');
    await site.atRest();

    disk.failFrom(1, FOR_EVER, ERRNO.ENOSPC);
    // Taken in before anybody knows that the disk is full: kept, and answered when it is written.
    const kept = site.order(caught, '30s');
    await until('the server says that it is stalled', async () => {
      const { status, body } = await site.call<{ detail: string }>('GET', '/api/health');
      return status === 503 && /full/.test(body.detail);
    });
    expect(await site.order(refused)).toMatchObject({ status: 503 });
    const { length } = await site.all('/saga/all');
    expect(length).toBe(1);
    expect(disk.count('failed')).toBeGreaterThan(0);

    disk.heal();
    expect((await kept).body.status).toBe('completed');
    expect(await site.get<Health>('/api/health')).toEqual({ status: 'ready' });
    expect((await site.order(refused, '20s')).body.status).toBe('completed');
    await site.atRest();
    await expectBooksToAddUp(site, [first, caught, refused]);
    server.signal('SIGTERM');
    expect(await server.ended).toBe(0);
  });
});

/** Runs with 1, 2, 3, ... until no call failed. Gives how many runs that took. */
async function untilUntouched(
  run: (nth: number) => Promise<boolean>,
  growth = GROWTH,
): Promise<number> {
  let runs = 1;
  let nth = 1;
  while (await run(nth)) {
    runs += 1;
    nth = IS_EVERY_CALL ? nth + 1 : Math.max(nth + 1, Math.floor(nth * growth));
    if (IS_EVERY_CALL && runs % 50 === 0) console.info(`call ${nth} is next`);
  }
  expect(runs).toBeGreaterThan(2);
  return runs;
}

/** Gives those that nobody accepted. Whatever was answered was no rejection. */
async function post(site: Site, orders: readonly OrderBody[]): Promise<readonly OrderBody[]> {
  const answers = await Promise.all(
    orders.map((order) => site.order(order, '20s').catch(() => null)),
  );
  for (const answer of answers) expect([undefined, 200, 202, 503]).toContain(answer?.status);
  return orders.filter((_, index) => (answers[index]?.status ?? 503) >= 300);
}

async function expectDeathByStorage(server: Program): Promise<void> {
  expect(await server.ended).toBe(EXIT_FAILED);
  expect(server.err.join('\n')).toMatch(/"level":60.*(COMMIT|checkpoint|ROLLBACK|disk I\/O)/);
}

function expectWhole(database: string): void {
  const db = new Database(database, { readonly: true });
  try {
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();
    expect(tables).toEqual(expect.arrayContaining(['sagas', 'orders', 'payments']));
  } finally {
    db.close();
  }
}

function report(what: string, runs: number, ends?: number): void {
  if (!IS_EVERY_CALL) return;
  console.info(`${what}: ${runs} runs${ends === undefined ? '' : `, ${ends} ended the server`}`);
}
