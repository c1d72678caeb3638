/** A client may talk to any process over a database: each route answers alike. */
import { expect, test } from 'vitest';
import { BackstepError } from '../../src/core/errors.ts';
import type { Backstep } from '../../src/host/backstep.ts';
import { createApp } from '../../src/server/app.ts';
import { passing, turns, twoEngines } from '../runtime/standby/two-engines.ts';
import { answeredOtherwise, TOKEN } from './every-request.ts';

const appOf = (backstep: Backstep) =>
  createApp({ backstep, security: { allowedHosts: ['localhost'], token: TOKEN } }).hono;

async function served() {
  const two = await twoEngines();
  const [owner, standby] = [appOf(two.owner.backstep), appOf(two.standby.backstep)];
  const start = async () =>
    (await two.owner.backstep.spawn('notebook', { input: { name: 'diary' } })).id;
  return { ...two, apps: { owner, standby }, start };
}

test('every route answers at a standby as at the owner', { timeout: 120_000 }, async () => {
  const { apps, start } = await served();
  expect(await answeredOtherwise(apps.owner, apps.standby, start)).toEqual([]);
});

test('a bulk command ordered at a standby reaches every saga of it, once', async () => {
  const { owner, standby, start } = await served();
  const ids = [await start(), await start(), await start()];
  await turns();
  const { bulk } = standby.backstep;
  const frozen = await bulk.freeze({ command: 'pause', by: 'ada', reason: 'why', sagas: { ids } });
  expect(frozen).toMatchObject({ total: 3, startedAtMs: null, counts: { pending: 3 } });
  await bulk.start(frozen.id);
  await bulk.start(frozen.id);
  await turns();
  expect(await owner.backstep.bulk.find(frozen.id)).toMatchObject({
    counts: { taken: 3, pending: 0 },
    endedAtMs: expect.any(Number) as unknown,
  });
  for (const id of ids) expect(await standby.backstep.read.audit(id)).toHaveLength(1);
  await expect(bulk.start(999)).rejects.toMatchObject({ code: 'not-found' });
});

test('a bulk command goes on where the next process takes over', async () => {
  let commits = 0;
  const { owner, standby } = await twoEngines((dying) => ({
    beforeCommit: () => {
      commits += 1;
      if (commits === 9) dying().kill();
    },
  }));
  const ids: string[] = [];
  for (const name of ['a', 'b']) {
    ids.push((await owner.backstep.spawn('notebook', { input: { name } })).id);
  }
  const frozen = await owner.backstep.bulk.freeze({
    command: 'pause',
    by: 'ada',
    reason: null,
    sagas: { ids },
  });
  void owner.backstep.bulk.start(frozen.id);
  await turns();
  expect(commits).toBe(9);
  await standby.started;
  await turns();
  expect(await standby.backstep.bulk.find(frozen.id)).toMatchObject({
    counts: { taken: 2, pending: 0 },
  });
  for (const id of ids) expect(await standby.backstep.read.audit(id)).toHaveLength(1);
});

test('whoever logs out at one process is out at the other', async () => {
  const { apps } = await served();
  const login = await apps.owner.request('/login', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ token: TOKEN, name: 'ada' }).toString(),
  });
  const cookie = (login.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  const status = async (app: typeof apps.owner) =>
    (await app.request('/api/sagas', { headers: { cookie } })).status;
  expect(await status(apps.owner)).toBe(200);
  const out = await apps.standby.request('/logout', { method: 'POST', headers: { cookie } });
  expect(out.status).toBe(303);
  expect(await status(apps.standby)).toBe(401);
  await expect.poll(() => status(apps.owner), { timeout: 5_000 }).toBe(401);
});

test('work that a program names is done by the owner, whichever process is asked', async () => {
  const { clock, owner, standby } = await twoEngines();
  const done: string[] = [];
  const named = (process: typeof owner, who: string) =>
    process.backstep.atOwner('count', async (given: { readonly by: number }) => {
      if (given.by < 0) throw new BackstepError('input-invalid', 'no less than none');
      done.push(who);
      return { sum: given.by + 1 };
    });
  const [atOwner, atStandby] = [named(owner, 'owner'), named(standby, 'standby')];
  expect(await atOwner({ by: 1 })).toEqual({ sum: 2 });
  expect(await atStandby({ by: 2 })).toEqual({ sum: 3 });
  await expect(atStandby({ by: -1 })).rejects.toMatchObject({ code: 'input-invalid' });
  expect(done).toEqual(['owner', 'owner']);
  const unknown = standby.backstep.atOwner('nobody', async () => null);
  await expect(unknown(null)).rejects.toMatchObject({ code: 'not-found' });
  expect(() => named(owner, 'again')).toThrow('there is work called "count" already');
  owner.kill();
  await passing(clock, standby.started);
  await atStandby({ by: 3 });
  expect(done).toEqual(['owner', 'owner', 'standby']);
});
