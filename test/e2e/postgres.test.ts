/** The demo over PostgreSQL: started with a URL, killed, started again, examined by the command. */
import { expect, test } from 'vitest';
import { describeOnPostgres, postgresDatabase } from '../postgres/databases.ts';
import { DEMO_MIGRATIONS } from '../actors/demo-database.ts';
import { orderOf, ordersOf } from './order-books.ts';
import { serverBelow, siteFor } from './site.ts';

const READY = /^Backstep is ready: /;
const STANDS_BY = /^Backstep stands by: /;

describeOnPostgres('the demo over PostgreSQL', () => {
  test('takes orders, goes on after a kill, and shows the password nowhere', async ({
    onTestFinished,
  }) => {
    const site = await siteFor(onTestFinished);
    const database = await postgresDatabase();
    const secret = new URL(database.tcpUrl).password;
    expect(secret).not.toBe('');
    const settings = { BACKSTEP_DB: database.tcpUrl, BACKSTEP_SCHEMA: 'saga_engine' };
    const launcher = await site.launch(settings);

    const orders = ordersOf(20);
    const answers = await Promise.all(orders.map((order) => site.order(order)));
    expect(answers.map(({ status }) => status)).toEqual(orders.map(() => 202));
    process.kill(serverBelow(launcher), 'SIGKILL');
    await launcher.line(/^Backstep is ready: /, 2);
    await site.atRest();
    const again = await Promise.all(orders.map((order) => site.order(order, '60s')));
    expect(again.map(({ status, body }) => [status, body.status])).toEqual(
      orders.map(() => [200, 'completed']),
    );
    expect(await textOf(`${site.url}/saga`)).not.toMatch(/\bbroken\b/);

    const trip = {
      input: { tripId: 't1', traveller: 'Ada', destination: 'Venice', nights: 2, amountMinor: 900 },
    };
    const { body } = await site.call<{ status: string }>('POST', '/api/sagas/trip?wait=60s', trip);
    expect(body.status).toBe('compensated');

    const pages = await Promise.all(
      ['/debug', '/saga', '/api/stats', '/metrics'].map((path) => textOf(`${site.url}${path}`)),
    );
    expect(pages[0]).toContain('saga_engine');
    for (const page of pages) expect(page).not.toContain(secret);
    launcher.signal('SIGTERM');
    expect(await launcher.ended).toBe(0);
    for (const line of [...launcher.out, ...launcher.err]) expect(line).not.toContain(secret);
  });

  test('is run by two, of which one is a standby, whichever of them hangs or ends', async ({
    onTestFinished,
  }) => {
    const [first, second] = [await siteFor(onTestFinished), await siteFor(onTestFinished)];
    const { url } = await postgresDatabase();
    const one = await first.launch({ BACKSTEP_DB: url });
    const settings = { BACKSTEP_DB: url, PAYMENT_PROVIDER_URL: first.providerUrl };
    const two = second.start('launcher', settings);
    await two.line(STANDS_BY);
    expect((await second.order(orderOf(1), '60s')).body.status).toBe('completed');

    const hanging = serverBelow(one);
    process.kill(hanging, 'SIGSTOP');
    await two.line(READY);
    expect((await second.order(orderOf(2), '60s')).body.status).toBe('completed');
    process.kill(hanging, 'SIGCONT');
    await one.line(STANDS_BY);
    expect(one.err).toContain(
      'backstep: the server lost the database to another process and starts again',
    );
    expect((await first.order(orderOf(3), '60s')).body.status).toBe('completed');

    two.signal('SIGTERM');
    expect(await two.ended).toBe(0);
    await one.line(READY, 2);
    expect((await first.order(orderOf(4), '60s')).body.status).toBe('completed');
    const third = second.start('launcher', settings);
    await third.line(STANDS_BY);
    third.signal('SIGTERM');
    expect(await third.ended).toBe(0);
    one.signal('SIGTERM');
    expect(await one.ended).toBe(0);
  });

  test('is migrated by URL', async ({ onTestFinished }) => {
    const site = await siteFor(onTestFinished);
    const { url } = await postgresDatabase();
    const cli = async (...args: string[]) => {
      const program = site.start('cli', { BACKSTEP_DB: url, BACKSTEP_SCHEMA: 'saga_engine' }, args);
      return {
        code: await program.ended,
        out: program.out.join('\n'),
        err: program.err.join('\n'),
      };
    };
    const migrated = await cli('migrate', '--migrations', DEMO_MIGRATIONS);
    expect(migrated).toMatchObject({ code: 0, err: '' });
    const launcher = await site.launch({ BACKSTEP_DB: url, BACKSTEP_SCHEMA: 'saga_engine' });
    const { body } = await site.order(orderOf(1), '60s');
    expect(body.status).toBe('completed');
    launcher.signal('SIGTERM');
    expect(await launcher.ended).toBe(0);
  });

  test('that cannot be reached, or is refused, says so without the password', async ({
    onTestFinished,
  }) => {
    const site = await siteFor(onTestFinished);
    const { tcpUrl } = await postgresDatabase();
    const wrong = new URL(tcpUrl);
    wrong.password = 'wr0ngpa55';
    for (const [database, code] of [
      [wrong.href, 78],
      ['postgres://ada:wr0ngpa55@127.0.0.1:1/none', 1],
      ['postgres://ada:wr0ngpa55#@host/none', 78],
    ] as const) {
      const args = { BACKSTEP_DB: database, PAYMENT_PROVIDER_URL: site.providerUrl };
      const server = site.start('server', args);
      expect(await server.ended).toBe(code);
      expect(server.err.length).toBeGreaterThan(0);
      for (const line of [...server.out, ...server.err]) expect(line).not.toContain('wr0ngpa55');
    }
  });
});

async function textOf(url: string): Promise<string> {
  return (await fetch(url)).text();
}
