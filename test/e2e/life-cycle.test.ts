/** Starting, stopping and being refused: exit codes, one clear line, nothing lost. */
import { mkdirSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { expectBooksToAddUp, orderOf, ordersOf } from './order-books.ts';
import { type OrderBody, type Site, siteFor } from './site.ts';

const EXIT_REFUSED = 78;

describe('SIGTERM', () => {
  test('drains with exit code 0, loses nothing that was accepted, and the next start goes on', async ({
    onTestFinished,
  }) => {
    const site = await siteFor(onTestFinished);
    const launcher = await site.launch();
    await site.fault('processPayment', { latencyMs: 300 });
    const accepted: OrderBody[] = [];
    const posting = postUntilRefused(site, accepted);
    await site.seen(({ to }) => to === 'forward.processPayment.running');
    launcher.signal('SIGTERM');
    launcher.signal('SIGTERM');
    expect(await launcher.ended).toBe(0);
    await posting;
    expect(launcher.err.filter((line) => /"msg":"(draining|stopped)"/.test(line))).toHaveLength(2);

    await site.launch();
    await site.atRest();
    const { sagas } = await expectBooksToAddUp(site, accepted);
    expect(sagas.map(({ status }) => status)).toEqual(accepted.map(() => 'completed'));
  });

  test('at rest ends at once, and a second start finds the finished orders', async ({
    onTestFinished,
  }) => {
    const site = await siteFor(onTestFinished);
    const launcher = await site.launch();
    const { body } = await site.order(orderOf(1), '60s');
    await site.atRest();
    launcher.signal('SIGTERM');
    expect(await launcher.ended).toBe(0);
    await site.launch();
    expect((await site.order(orderOf(1), '60s')).body).toEqual(body);
    await expectBooksToAddUp(site, [orderOf(1)]);
  });
});

// They mostly wait, each on a site of its own.
describe.concurrent('a start that is refused', () => {
  test('because another server owns the database says so in one line, with exit code 78', async ({
    onTestFinished,
  }) => {
    const site = await siteFor(onTestFinished);
    await site.launch();
    const link = join(site.folder, 'link.db');
    symlinkSync(site.database, link);
    const elsewhere = { PORT: '0', PAYMENT_PROVIDER_URL: site.providerUrl };
    const others = [
      site.start('server', elsewhere),
      site.start('server', { ...elsewhere, BACKSTEP_DB: link }),
      site.start('launcher', elsewhere),
    ];
    for (const other of others) {
      expect(await other.ended).toBe(EXIT_REFUSED);
      expect(other.out).toEqual([]);
      expect(other.err).toEqual([expect.stringMatching(/another process owns this database/)]);
    }
    expect((await site.order(orderOf(1), '60s')).body.status).toBe('completed');
  });

  test('because the port is taken says so in one line, with exit code 78', async ({
    onTestFinished,
  }) => {
    const site = await siteFor(onTestFinished);
    await site.provide();
    const blocker = createServer();
    blocker.listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const address = blocker.address();
    const port = String(address !== null && typeof address === 'object' ? address.port : 0);
    const settings = { PORT: port, PAYMENT_PROVIDER_URL: site.providerUrl };
    for (const program of ['server', 'launcher'] as const) {
      const refused = site.start(program, settings);
      expect(await refused.ended).toBe(EXIT_REFUSED);
      expect(refused.err).toEqual([expect.stringContaining(`port ${port} on 127.0.0.1 is in use`)]);
      expect(refused.out).toEqual([]);
    }
    blocker.close();
  });

  test('because the database is a folder or another program’s file says so, with exit code 78', async ({
    onTestFinished,
  }) => {
    const site = await siteFor(onTestFinished);
    const folder = join(site.folder, 'folder.db');
    mkdirSync(folder);
    const foreign = join(site.folder, 'foreign.db');
    const db = new DatabaseSync(foreign);
    db.exec('CREATE TABLE recipes (name TEXT)');
    db.close();
    for (const database of [folder, foreign]) {
      const refused = site.start('server', {
        BACKSTEP_DB: database,
        PAYMENT_PROVIDER_URL: site.providerUrl,
      });
      expect(await refused.ended).toBe(EXIT_REFUSED);
      expect(refused.err).toEqual([expect.stringContaining(database)]);
    }
  });
});

/** Posts one order after the other; ends with the first one that nobody accepts. */
async function postUntilRefused(site: Site, accepted: OrderBody[]): Promise<void> {
  for (const order of ordersOf(2_000)) {
    const status = await site.order(order).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status !== 202) return;
    accepted.push(order);
  }
}
