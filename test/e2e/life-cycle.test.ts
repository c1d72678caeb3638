/** Starting, stopping and being refused: exit codes, one clear line, nothing lost. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { DEMO_MIGRATIONS } from '../actors/demo-database.ts';
import { expectBooksToAddUp, orderOf, ordersOf } from './order-books.ts';
import { run } from './processes.ts';
import { type OrderBody, type Site, siteFor } from './site.ts';

const EXIT_REFUSED = 78;
/** Each state of four sagas is explored before the server is ready. */
const VERIFY_LIMIT_MS = 90_000;

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

test(
  'a server that is to refuse unsound sagas finds its own sound, and takes no other word',
  async ({ onTestFinished }) => {
    const site = await siteFor(onTestFinished);
    await site.provide();
    await site.serve({ BACKSTEP_VERIFY: 'refuse' });
    expect((await site.order(orderOf(1), '60s')).body.status).toBe('completed');
    const database = join(site.folder, 'other.db');
    const settings = { BACKSTEP_DB: database, PAYMENT_PROVIDER_URL: site.providerUrl };
    const refused = site.start('server', { ...settings, BACKSTEP_VERIFY: 'maybe' });
    expect(await refused.ended).toBe(EXIT_REFUSED);
    expect(refused.err).toEqual([expect.stringMatching(/BACKSTEP_VERIFY is "maybe"; give warn/)]);
  },
  VERIFY_LIMIT_MS,
);

test('faults that are switched off cannot be injected', async ({ onTestFinished }) => {
  const site = await siteFor(onTestFinished);
  await site.launch({ BACKSTEP_FAULTS: 'off' });
  const settings = { failureRate: 1 };
  expect((await site.call('PUT', '/api/faults/processPayment', settings)).status).toBe(404);
  expect((await site.call('POST', '/api/faults/crash')).status).toBe(404);
  expect((await site.order(orderOf(1), '60s')).body.status).toBe('completed');
});

describe('the command line', () => {
  test('migrate makes the schema, in which a server then works', async ({ onTestFinished }) => {
    const site = await siteFor(onTestFinished);
    const database = join(site.folder, 'made', 'here.db');
    const demoTables = ['orders', 'inventory_reservations', 'payments', 'notifications'];
    const engineOnly = site.start('cli', {}, ['migrate', '--db', database]);
    expect(await engineOnly.ended).toBe(0);
    expect(tablesOf(database)).toEqual(expect.arrayContaining(['sagas', 'saga_steps']));
    expect(tablesOf(database)).not.toEqual(expect.arrayContaining(demoTables.slice(0, 1)));
    for (let time = 1; time <= 2; time += 1) {
      const args = ['migrate', '--db', database, '--migrations', DEMO_MIGRATIONS];
      expect(await site.start('cli', {}, args).ended).toBe(0);
      expect(tablesOf(database)).toEqual(expect.arrayContaining(demoTables));
    }
    await site.launch({ BACKSTEP_DB: database });
    expect((await site.order(orderOf(1), '60s')).body.status).toBe('completed');
  });

  test('migrate without options makes the database that .env names, folder included', async ({
    onTestFinished,
  }) => {
    const site = await siteFor(onTestFinished);
    writeFileSync(join(site.folder, '.env'), 'BACKSTEP_DB=named/by/env.db\n');
    const bare = run('cli', site.folder, {}, ['migrate']);
    expect(await bare.ended).toBe(0);
    expect(tablesOf(join(site.folder, 'named/by/env.db'))).toContain('sagas');
  });

  test('migrate into a folder that cannot be says why, with exit code 1', async ({
    onTestFinished,
  }) => {
    const site = await siteFor(onTestFinished);
    writeFileSync(join(site.folder, 'file'), 'no folder');
    const migrate = site.start('cli', {}, ['migrate', '--db', join(site.folder, 'file/in.db')]);
    expect(await migrate.ended).toBe(1);
    expect(migrate.err).toEqual([expect.stringContaining('cannot make the folder of')]);
  });

  test('--help prints the usage, and a mistake does too, with exit code 2', async ({
    onTestFinished,
  }) => {
    const site = await siteFor(onTestFinished);
    const help = site.start('cli', {}, ['--help']);
    expect(await help.ended).toBe(0);
    expect(help.out.join('\n')).toMatch(/^Usage: backstep <command>[\s\S]*migrate[\s\S]*--db/);
    for (const args of [[], ['dance'], ['migrate', '--speed', '9']]) {
      const mistake = site.start('cli', {}, args);
      expect(await mistake.ended).toBe(2);
      expect(mistake.err[0]).toMatch(/^backstep: /);
      expect(mistake.err.join('\n')).toContain('Usage: backstep');
      expect(mistake.err.join('\n')).not.toMatch(/\bat .*:\d+:\d+/);
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

function tablesOf(database: string): readonly string[] {
  const db = new DatabaseSync(database, { readOnly: true });
  try {
    const rows = db.prepare("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')").all();
    return rows.map((row) => String(row['name']));
  } finally {
    db.close();
  }
}
