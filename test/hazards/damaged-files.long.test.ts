/**
 * The shipped server on files that something else has damaged, filled, replaced or taken over: it
 * says so and stops, or goes on with what is sound. It never answers 2xx for what is not kept.
 */
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { migrateDatabase } from '../../src/store/migrate-database.ts';
import { DEMO_MIGRATIONS } from '../actors/demo-database.ts';
import { expectBooksToAddUp, orderOf, ordersOf } from '../e2e/order-books.ts';
import { freePort } from '../ports.ts';
import { siteFor, until, type OrderBody, type Site } from '../e2e/site.ts';
import { lostOf, postUntil } from './load.ts';
import { mountSmallDisk } from './small-disk.ts';

const EXIT_FAILED = 1;
const EXIT_TAKEN_OVER = 75;
const EXIT_REFUSED = 78;
const DISK_BYTES = 8 * 1024 * 1024;
const TEST_LIMIT_MS = 90_000;
vi.setConfig({ testTimeout: TEST_LIMIT_MS });

interface Letter {
  readonly status: string;
}

/** A site with some finished orders, whose server has ended in good order. */
async function closedSite(orders: readonly OrderBody[]): Promise<Site> {
  const site = await siteFor(onTestFinished);
  await site.provide();
  const server = await site.serve();
  for (const order of orders) expect((await site.order(order, '30s')).status).toBe(200);
  await site.atRest();
  server.signal('SIGTERM');
  expect(await server.ended).toBe(0);
  return site;
}

async function expectRefusal(site: Site, why: RegExp, database = site.database): Promise<void> {
  const settings = { PAYMENT_PROVIDER_URL: site.providerUrl, BACKSTEP_DB: database };
  const server = site.start('server', settings);
  expect([EXIT_FAILED, EXIT_REFUSED]).toContain(await server.ended);
  expect(server.out).toEqual([]);
  expect(server.err.join('\n')).toMatch(why);
}

describe('a database file', () => {
  test('that was cut off or written over is refused by its name, and whole again goes on', async () => {
    const site = await closedSite([orderOf(1)]);
    const whole = readFileSync(site.database);
    const damages: readonly (readonly [() => void, RegExp])[] = [
      [() => truncateSync(site.database, whole.length / 2), /backstep\.db: .*(malformed|corrupt)/],
      [() => writeFileSync(site.database, 'x'.repeat(whole.length)), /backstep\.db: .*not a data/],
      [() => writeFileSync(site.database, Buffer.alloc(whole.length)), /backstep\.db: /],
    ];
    for (const [damage, why] of damages) {
      damage();
      await expectRefusal(site, why);
      writeFileSync(site.database, whole);
    }
    await site.serve();
    expect((await site.order(orderOf(2), '30s')).body.status).toBe('completed');
    await site.atRest();
    await expectBooksToAddUp(site, ordersOf(2));
  });

  test('of a later version is refused with the cure', async () => {
    const site = await siteFor(onTestFinished);
    await migrateDatabase(site.database, { migrationsFolder: DEMO_MIGRATIONS });
    const db = new Database(site.database);
    db.exec("INSERT INTO kysely_migration VALUES ('9999-later', '2099-01-01')");
    db.close();
    await expectRefusal(site, /newer than this program.*start the version that made it/);
  });

  test('with a flipped bit in the state of one saga parks that saga, and the others go on', async () => {
    const site = await siteFor(onTestFinished);
    await site.provide();
    const server = await site.serve();
    await site.fault('processPayment', { latencyMs: 60_000 });
    const orders = ordersOf(5);
    for (const order of orders) expect((await site.order(order)).status).toBe(202);
    await until('all wait for their payment', async () => {
      const { items } = await site.get<{ items: unknown[] }>('/api/sagas?step=processPayment');
      return items.length === orders.length;
    });
    server.signal('SIGKILL');
    await server.ended;
    foldLogInto(site.database);
    flipBitIn(site.database, '"orderId":"order-3"');
    await site.serve();
    await until('the others are done', async () => {
      const stats = await site.get<Record<string, number>>('/saga/stats');
      return stats['completed'] === orders.length - 1;
    });
    const letters = await site.all<Letter>('/api/dead-letters');
    expect(letters.map(({ status }) => status)).toEqual(['parked']);
  });

  test('without its log starts with what the file holds', async () => {
    const site = await siteFor(onTestFinished);
    await site.provide();
    const server = await site.serve();
    expect((await site.order(orderOf(1), '30s')).status).toBe(200);
    server.signal('SIGKILL');
    await server.ended;
    rmSync(`${site.database}-wal`);
    await site.serve();
    expect((await site.order(orderOf(2), '30s')).body.status).toBe('completed');
    expectSound(site.database);
  });

  test('that is replaced under a running server ends it, and nothing is accepted into the void', async () => {
    const site = await siteFor(onTestFinished);
    await site.provide();
    const server = await site.serve();
    expect((await site.order(orderOf(1), '30s')).status).toBe(200);
    await site.atRest();
    renameSync(site.database, `${site.database}.moved`);
    copyFileSync(`${site.database}.moved`, site.database);
    const answer = await site.order(orderOf(2)).catch(() => null);
    expect(answer?.status ?? 503).toBe(503);
    expect(await server.ended).toBe(EXIT_FAILED);
    expect(server.err.join('\n')).toMatch(/removed or replaced while in use/);
    renameSync(`${site.database}.moved`, site.database);
    await site.serve();
    expect((await site.order(orderOf(2), '30s')).status).toBe(200);
    await site.atRest();
    await expectBooksToAddUp(site, ordersOf(2));
  });

  test('can be backed up while orders run: whole, with all that was acknowledged before', async () => {
    const site = await siteFor(onTestFinished);
    await site.provide();
    await site.serve();
    const copy = join(site.folder, 'copy.db');
    const reader = new Database(site.database, { readonly: true });
    const orders = ordersOf(80);
    const known: string[] = [];
    const told = await postUntil(site, orders, {
      answers: 30,
      strike: async () => {
        const sagas = await site.all<{ order_id: string }>('/saga/all');
        known.push(...sagas.map(({ order_id }) => order_id));
        await reader.backup(copy);
      },
    });
    reader.close();
    expect(told.unanswered).toEqual([]);
    expect(await lostOf(site, told)).toEqual([]);
    expectSound(copy);
    const db = new Database(copy, { readonly: true });
    const kept = new Set(db.prepare('SELECT key FROM sagas').pluck().all());
    db.close();
    expect(known.length).toBeGreaterThanOrEqual(30);
    expect(known.filter((order) => !kept.has(order))).toEqual([]);
    await site.atRest();
    await expectBooksToAddUp(site, orders);
  });
});

describe('an owner that was stopped', () => {
  test('keeps its database, by every name of it, and commits nothing once another one has it', async () => {
    const site = await siteFor(onTestFinished);
    await site.provide();
    const first = await site.serve();
    expect((await site.order(orderOf(1), '30s')).status).toBe(200);
    await site.atRest();
    first.signal('SIGSTOP');
    const link = join(site.folder, 'link.db');
    symlinkSync(site.database, link);
    const names = [site.database, link];
    await Promise.all(names.map((name) => expectRefusal(site, /another process owns/, name)));

    // As on a file system that forgets locks: only the epoch in the database is left.
    rmSync(`${site.database}.lock`);
    const second = await site.serve({ PORT: String(await freePort()), BACKSTEP_DB: link });
    const answer = site.order(orderOf(2)).catch(() => null);
    first.signal('SIGCONT');
    expect((await answer)?.status ?? 503).toBe(503);
    expect(await first.ended).toBe(EXIT_TAKEN_OVER);
    expect(first.err.join('\n')).toMatch(/another process took the database over/);
    second.signal('SIGTERM');
    expect(await second.ended).toBe(0);
    await site.serve();
    await expectBooksToAddUp(site, [orderOf(1)]);
  });
});

describe('a disk', () => {
  test('that is full stalls the server; with room again it resumes and has lost nothing', async ({
    skip,
  }) => {
    const site = await siteFor(onTestFinished);
    const disk = mountSmallDisk(join(site.folder, 'small'), DISK_BYTES);
    if (typeof disk === 'string') return skip(`no small disk: ${disk}`);
    onTestFinished(disk.unmount);
    await site.provide();
    const database = join(disk.folder, 'engine.db');
    await site.serve({ BACKSTEP_DB: database });
    expect((await site.order(orderOf(1), '30s')).status).toBe(200);
    const filler = join(disk.folder, 'filler');
    fill(filler);
    const accepted: OrderBody[] = [];
    let isFull = false;
    for (let nth = 2; !isFull; nth += 1) {
      const { status } = await site.order(orderOf(nth), '500ms');
      isFull = status === 503;
      if (!isFull) accepted.push(orderOf(nth));
    }
    expect((await site.call('GET', '/api/health')).status).toBe(503);
    expect((await site.all('/saga/all')).length).toBeGreaterThan(0);
    rmSync(filler);
    await until('it is ready again', async () => {
      return (await site.call('GET', '/api/health')).status === 200;
    });
    await site.atRest();
    const sagas = await site.all<{ order_id: string; status: string }>('/saga/all');
    const completed = sagas.filter(({ status }) => status === 'completed');
    const ids = new Set(completed.map((saga) => saga.order_id));
    expect(accepted.filter((order) => !ids.has(order.order_id))).toEqual([]);
  });

  test('that cannot be written is named at the start', async ({ skip }) => {
    const site = await siteFor(onTestFinished);
    const folder = join(site.folder, 'sealed');
    if (process.getuid?.() === 0) {
      const disk = mountSmallDisk(folder, DISK_BYTES);
      if (typeof disk === 'string') return skip(`root may write everywhere: ${disk}`);
      onTestFinished(disk.unmount);
      disk.makeReadOnly();
    } else {
      mkdirSync(folder);
      chmodSync(folder, 0o555);
    }
    await expectRefusal(
      site,
      /sealed\/engine\.db: .*(permission|read-only)/i,
      join(folder, 'engine.db'),
    );
  });
});

/** Writes what is in the log into the file, as the next opening would. */
function foldLogInto(database: string): void {
  const db = new Database(database);
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
}

/** In every place where the text stands. */
function flipBitIn(file: string, text: string): void {
  const bytes = readFileSync(file);
  const at = text.length - 2;
  let count = 0;
  for (let from = bytes.indexOf(text); from !== -1; from = bytes.indexOf(text, from + 1)) {
    bytes[from + at] = (bytes[from + at] ?? 0) ^ 1;
    count += 1;
  }
  expect(count).toBeGreaterThan(0);
  writeFileSync(file, bytes);
}

/** Writes until the disk takes no more. */
function fill(file: string): void {
  expect(statSync(dirname(file)).isDirectory()).toBe(true);
  for (let bytes = DISK_BYTES; bytes >= 4_096; bytes /= 2) {
    for (;;) {
      try {
        writeFileSync(file, Buffer.alloc(bytes), { flag: 'a' });
      } catch {
        break; // no room for so much: try half
      }
    }
  }
}

function expectSound(database: string): void {
  const db = new Database(database, { readonly: true });
  expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
  expect(db.prepare('SELECT max(seq) - count(*) FROM journal').pluck().get() ?? 0).toBe(0);
  db.close();
}
