/** The demo over PostgreSQL: run by two processes, and migrated by the command. */
import { expect, test } from 'vitest';
import { describeOnPostgres, migratedDatabase } from '../postgres/databases.ts';
import { DEMO_MIGRATIONS } from '../actors/demo-database.ts';
import { orderOf } from './order-books.ts';
import { serverBelow, siteFor } from './site.ts';

const READY = /^Backstep is ready: /;
const STANDS_BY = /^Backstep stands by: /;

describeOnPostgres('the demo over PostgreSQL', () => {
  test('is run by two, of which one is a standby, whichever of them hangs or ends', async ({
    onTestFinished,
  }) => {
    const [first, second] = [await siteFor(onTestFinished), await siteFor(onTestFinished)];
    const { url } = await migratedDatabase();
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
    const { url } = await migratedDatabase();
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
});
