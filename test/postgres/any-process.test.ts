/** The same over a real database: two engines with their servers. */
import { expect, it, onTestFinished } from 'vitest';
import { openBackstep } from '../../src/runtime/open-backstep.ts';
import { createApp } from '../../src/server/app.ts';
import { notebookSaga } from '../runtime/inbox/inbox-fixture.ts';
import { answeredOtherwise, TOKEN } from '../server/every-request.ts';
import { describeOnPostgres, migratedDatabase } from './databases.ts';

async function served(url: string, label: string) {
  const backstep = await openBackstep({ database: url, label });
  backstep.register(notebookSaga, { activities: {} });
  onTestFinished(() => backstep.stop({ within: 0 }));
  const security = { allowedHosts: ['localhost'], token: TOKEN };
  return { backstep, app: createApp({ backstep, security }).hono };
}

describeOnPostgres('two processes over PostgreSQL', () => {
  it('answer every route alike, and say who owns the database', { timeout: 120_000 }, async () => {
    const { url } = await migratedDatabase();
    const owner = await served(url, 'shop-1');
    await owner.backstep.start();
    const standby = await served(url, 'shop-2');
    void standby.backstep.start().catch(() => {}); // it ends with the test
    const start = async () =>
      (await owner.backstep.spawn('notebook', { input: { name: 'diary' } })).id;
    expect(await answeredOtherwise(owner.app, standby.app, start)).toEqual([]);

    const headers = { authorization: `Bearer ${TOKEN}` };
    for (const [app, engine] of [
      [owner.app, 'ready'],
      [standby.app, 'standby'],
    ] as const) {
      const live = await app.request('/api/live', { headers });
      expect(await live.json()).toEqual({ status: 'live', engine, owner: 'shop-1' });
      const page = await (await app.request('/debug', { headers })).text();
      expect(page).toMatch(/shop-1, since \d{4}-\d\d-\d\dT[\d:.]+Z, last heard of \d+ ms ago/);
      expect(page).toContain('0 behind the journal');
    }
    await expect
      .poll(async () => standby.backstep.store.owner())
      .toMatchObject({ label: 'shop-1', standbys: 1, sinceMs: expect.any(Number) as unknown });

    const { store } = standby.backstep;
    const insert = { sql: 'CREATE TABLE no (x int)', parameters: [] };
    expect(await store.write([insert])).toMatchObject({ kind: 'rejected' });
    const key = 'INSERT INTO backstep.revoked_sessions (id, until) VALUES ($1, $2)';
    const write = { sql: key, parameters: ['x', 5] };
    expect(await store.write([write])).toEqual({ kind: 'committed', changes: [1] });
    expect(await store.write([{ ...write, parameters: ['y', 5] }, write])).toMatchObject({
      kind: 'rejected',
    });
    const unmet = { code: 'none', message: 'there is none' };
    const change = 'UPDATE backstep.revoked_sessions SET until = 6 WHERE id = $1';
    const changing = { sql: change, parameters: ['y'], expect: { changes: 1, ...unmet } };
    expect(await store.write([changing])).toEqual({ kind: 'unmet', ...unmet });
    expect(await store.write([{ sql: change, parameters: [Symbol('x')] }])).toMatchObject({
      kind: 'rejected',
    });
  });
});
