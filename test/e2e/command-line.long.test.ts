/** The command over the demo, and settings that a server takes at its start. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { DEMO_MIGRATIONS } from '../actors/demo-database.ts';
import { orderOf } from './order-books.ts';
import { run } from './processes.ts';
import { siteFor } from './site.ts';

const EXIT_REFUSED = 78;
/** Each state of four sagas is explored before the server is ready. */
const VERIFY_LIMIT_MS = 90_000;

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

function tablesOf(database: string): readonly string[] {
  const db = new DatabaseSync(database, { readOnly: true });
  try {
    const rows = db.prepare("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')").all();
    return rows.map((row) => String(row['name']));
  } finally {
    db.close();
  }
}
