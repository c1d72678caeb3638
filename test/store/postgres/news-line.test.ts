/** The connection over which processes tell each other that something was committed. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it, onTestFinished, vi } from 'vitest';
import { NewsLine } from '../../../src/store/postgres/news-line.ts';
import { connectTo, describeOnPostgres, postgresDatabase } from '../../postgres/databases.ts';

const LINE = new URL('../../../src/store/postgres/news-line.ts', import.meta.url).href;
/** One that hangs is stopped, and fails its test. */
const LIMIT_MS = 20_000;

const LISTENERS = `SELECT count(*)::int AS count FROM pg_stat_activity
  WHERE application_name LIKE 'backstep-news%' AND datname = current_database()`;

describeOnPostgres('the line of news', () => {
  it('leaves no session behind where it cannot listen', async () => {
    const { url } = await postgresDatabase();
    // A name that LISTEN does not take: the connection is there, and of no use.
    const line = new NewsLine(
      url,
      'no"name',
      () => {},
      () => false,
    );
    onTestFinished(() => line.close());
    const statement = { sql: 'SELECT 1', parameters: [] };
    for (let tries = 0; tries < 3; tries++) {
      await expect(line.run(statement)).rejects.toMatchObject({ code: 'unavailable' });
    }
    await line.close();
    const client = await connectTo(url);
    await expect
      .poll(async () => (await client.query<{ count: number }>(LISTENERS)).rows[0]?.count)
      .toBe(0);
  });

  it('is one session, also after it was ended from outside', async () => {
    const { url, adminUrl } = await postgresDatabase();
    const line = new NewsLine(
      url,
      'backstep',
      () => {},
      () => false,
    );
    onTestFinished(() => line.close());
    const admin = await connectTo(adminUrl);
    const statement = { sql: 'SELECT 1', parameters: [] };
    const runs = async (): Promise<boolean> =>
      line.run(statement).then(
        (count) => count === 1,
        () => false,
      );
    for (let ended = 0; ended < 3; ended++) {
      await expect.poll(runs).toBe(true);
      expect((await admin.query<{ count: number }>(LISTENERS)).rows[0]?.count).toBe(1);
      await admin.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE application_name LIKE 'backstep-news%' AND datname = current_database()`,
      );
    }
    await expect.poll(runs).toBe(true);
    expect((await admin.query<{ count: number }>(LISTENERS)).rows[0]?.count).toBe(1);
  });

  it('hears what other processes tell, and not what it told itself', async () => {
    vi.useFakeTimers({ toFake: ['setInterval'] }); // it never looks by itself
    onTestFinished(() => void vi.useRealTimers());
    const { url } = await postgresDatabase();
    let heard = 0;
    const line = new NewsLine(
      url,
      'backstep',
      () => (heard += 1),
      () => false,
    );
    onTestFinished(() => line.close());
    const other = await connectTo(url);
    const told = new Promise((resolve) => other.once('notification', resolve));
    await other.query('LISTEN "backstep_backstep"');
    const statement = { sql: 'SELECT 1', parameters: [] };
    await line.run(statement);
    await told;
    await line.run(statement); // its own notification came before this answer
    expect(heard).toBe(0);
    await other.query('NOTIFY "backstep_backstep"');
    await expect.poll(() => heard).toBe(1);
  });

  it('keeps the process of whoever waits for a statement, or for its end', async () => {
    const { url } = await postgresDatabase();
    const program = `
      import { NewsLine } from '${LINE}';
      const line = new NewsLine(${JSON.stringify(url)}, 'backstep', () => {}, () => false);
      const run = (sql) => line.run({ sql, parameters: [] });
      await run('SELECT 1'); // from here on the connection is there, and idle
      await run('SELECT pg_sleep(0.05)');
      await line.write([{ sql: 'SELECT pg_sleep(0.05)', parameters: [] }]);
      const cut = run('SELECT pg_sleep(60)').catch(({ code }) => code);
      await new Promise(setImmediate); // it is under way
      await line.close();
      console.log(await cut);`;
    const args = ['--input-type=module', '--eval', program];
    const ran = await promisify(execFile)(process.execPath, args, { timeout: LIMIT_MS });
    expect(ran).toEqual({ stdout: 'unavailable\n', stderr: '' });
  });
});
