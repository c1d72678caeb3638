/** The demo over PostgreSQL: started with a URL, killed, started again, refused. */
import { expect, test } from 'vitest';
import { describeOnPostgres, postgresDatabase } from '../postgres/databases.ts';
import { ordersOf } from './order-books.ts';
import { serverBelow, siteFor } from './site.ts';

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
