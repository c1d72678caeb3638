/**
 * A disk that fails at every call until it is sound again, under the shipped server; at the first
 * call, the second and so on, while it is opened, and by a quota: fail-nth.long.test.ts.
 */
import { describe, expect, onTestFinished, test } from 'vitest';
import { expectBooksToAddUp, ordersOf } from '../e2e/order-books.ts';
import { siteFor, until } from '../e2e/site.ts';
import { Disk, ERRNO, useDiskLibrary } from './disk.ts';
import { expectDeathByStorage, post } from './failing-calls.ts';

const TEST_LIMIT_MS = 120_000;
const FOR_EVER = 1_000_000_000;
const SLOW_SYNC_MS = 2_000;

const library = useDiskLibrary('failing calls');

interface Health {
  readonly status: string;
}

describe.skipIf(library === null)('a call to the disk that fails', () => {
  test(
    'with EIO in the middle of an order: the server ends, and the next one has what was accepted',
    async () => {
      const site = await siteFor(onTestFinished);
      const disk = new Disk(library, site.folder);
      await site.provide();
      const server = await site.serve(disk.env);
      const orders = ordersOf(2);
      disk.failFrom(1, FOR_EVER, ERRNO.EIO);
      const unanswered = await post(site, orders);
      await expectDeathByStorage(server);
      disk.heal();
      await site.serve(disk.env);
      for (const order of unanswered) expect((await site.order(order)).status).toBe(202);
      await site.atRest();
      await expectBooksToAddUp(site, orders);
    },
    TEST_LIMIT_MS,
  );

  test('but only takes long, as a sync of two seconds, delays answers and no reader', async () => {
    const site = await siteFor(onTestFinished);
    const disk = new Disk(library, site.folder);
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
    const disk = new Disk(library, site.folder);
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
