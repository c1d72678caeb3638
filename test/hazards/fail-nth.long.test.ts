/**
 * The first call to the disk fails, or the second, and so on, until a run passes untouched.
 *
 * BACKSTEP_EVERY_CALL=1 tries every number; otherwise the gaps between them grow. After each
 * failure the disk is sound again: nothing acknowledged may be missing and all books must agree.
 */
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import Database from 'better-sqlite3';
import { migrateDatabase } from '../../src/store/migrate-database.ts';
import { DEMO_MIGRATIONS } from '../actors/demo-database.ts';
import { expectBooksToAddUp, orderOf, ordersOf } from '../e2e/order-books.ts';
import { type OrderBody, siteFor, until } from '../e2e/site.ts';
import { Disk, ERRNO, useDiskLibrary } from './disk.ts';
import { EXIT_FAILED, expectDeathByStorage, post } from './failing-calls.ts';

const IS_EVERY_CALL = process.env['BACKSTEP_EVERY_CALL'] === '1';
/** By this the number of the call grows from run to run. */
const GROWTH = 3;
/** Where a run takes two starts of a server. */
const GROWTH_OF_STARTS = 9;
const TEST_LIMIT_MS = IS_EVERY_CALL ? 3_600_000 : 120_000;
const ORDERS_PER_RUN = 2;
const FOR_EVER = 1_000_000_000;
const EXIT_REFUSED = 78;

const library = useDiskLibrary('failing calls');

describe.skipIf(library === null)('a call to the disk that fails', () => {
  test.each(['EIO', 'ENOSPC'] as const)(
    'with %s under orders: the server ends or goes on by itself, and nothing accepted is lost',
    async (error) => {
      const site = await siteFor(onTestFinished);
      const disk = new Disk(library, site.folder);
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
      const disk = new Disk(library, site.folder);
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
      const disk = new Disk(library, site.folder);
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

  test(
    'with EDQUOT until there is room is a full disk: work is refused, and goes on by itself',
    async () => {
      const site = await siteFor(onTestFinished);
      const disk = new Disk(library, site.folder);
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

  test.each(['EIO', 'EDQUOT', 'ENOSPC'] as const)(
    'with %s as long as it is opened is no refusal: it may pass, says the server that ends',
    async (error) => {
      const site = await siteFor(onTestFinished);
      const disk = new Disk(library, site.folder);
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
      const disk = new Disk(library, site.folder);
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
