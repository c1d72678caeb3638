/** The server of a process that does not own the database. */
import { expect, test } from 'vitest';
import { createApp } from '../../src/server/app.ts';
import { bodyOf, problemIn } from './http-fixture.ts';
import { turns, twoEngines } from '../runtime/standby/two-engines.ts';

async function served() {
  const two = await twoEngines();
  const { hono: app } = createApp({
    backstep: two.standby.backstep,
    security: { allowedHosts: ['localhost'], token: null },
  });
  const post = (path: string, body: unknown) =>
    app.request(path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    });
  return { ...two, app, post };
}

test('it is live and not ready, and says who owns the database', async () => {
  const { app, owner, standby } = await served();
  const health = await app.request('/api/health');
  expect(health.status).toBe(503);
  expect((await bodyOf(health))['detail']).toMatch(/^standby: another process/);
  const live = { status: 'live', engine: 'standby', owner: null };
  expect(await bodyOf(await app.request('/api/live'))).toEqual(live);
  const metrics = async () => (await (await app.request('/metrics')).text()).split('\n');
  expect(await metrics()).toContain('backstep_standby 1');
  expect(await metrics()).toContain('backstep_ready 0');
  owner.kill();
  await standby.started;
  expect(await bodyOf(await app.request('/api/health'))).toEqual({ status: 'ready' });
  expect(await metrics()).toContain('backstep_standby 0');
});

test('its pages say so, and show what the owner did', async () => {
  const { app, owner } = await served();
  const { id } = await owner.backstep.spawn('notebook', { input: { name: 'diary' } });
  const page = await (await app.request('/sagas')).text();
  expect(page).toContain('This process is a standby');
  expect(page).toContain(id);
});

test('starts, events and commands are answered as by the owner', async () => {
  const { app, post } = await served();
  const start = { input: { name: 'diary' }, key: 'k' };
  const started = await post('/api/sagas/notebook', start);
  expect(started.status).toBe(202);
  const { id } = await bodyOf(started);
  expect(await bodyOf(await post('/api/sagas/notebook', start))).toMatchObject({ id });
  const other = await post('/api/sagas/notebook', { input: { name: 'x' }, key: 'k' });
  expect(await problemIn(other)).toEqual([409, 'conflict']);
  const sent = await post(`/api/sagas/${String(id)}/events`, { type: 'write', line: 'a' });
  expect([sent.status, await bodyOf(sent)]).toMatchObject([202, { id, seq: 2, isKept: false }]);
  const refused = await post(`/api/sagas/${String(id)}/commands`, { command: 'resume' });
  expect(await problemIn(refused)).toEqual([409, 'not-legal']);
  await turns();
  const saga = await bodyOf(await app.request(`/api/sagas/${String(id)}`));
  expect(saga).toMatchObject({ seq: 2, status: 'waiting' });
});
