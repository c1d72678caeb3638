/** The fault lab at a process that does not own the database. */
import { expect, test } from 'vitest';
import { createFaults } from '../../actors/faults/faults.ts';
import type { Backstep } from '../../src/host/backstep.ts';
import { createApp } from '../../src/server/app.ts';
import { bodyOf, problemIn } from '../server/http-fixture.ts';
import { twoEngines } from '../runtime/standby/two-engines.ts';
import { demoExtensions } from './demo-fixture.ts';

function labOf(backstep: Backstep) {
  const faults = createFaults({ activities: ['charge', 'refund'], random: () => 0.5 });
  const crashed: string[] = [];
  const extensions = demoExtensions({ faults, crash: () => void crashed.push('crash') });
  const security = { allowedHosts: ['localhost'], token: null };
  const { hono } = createApp({ backstep, security, extensions });
  const send = (method: string, path: string, body: object | null = null) =>
    hono.request(path, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === null ? {} : { body: JSON.stringify(body) }),
    });
  return { faults, crashed, hono, send };
}

test('sets and clears faults where the calls are made', async () => {
  const two = await twoEngines();
  const [owner, standby] = [labOf(two.owner.backstep), labOf(two.standby.backstep)];
  const set = await standby.send('PUT', '/api/faults/charge', { failNext: 2 });
  expect([set.status, await bodyOf(set)]).toMatchObject([200, { activity: 'charge', failNext: 2 }]);
  expect(owner.faults.list()).toMatchObject([{ activity: 'charge', failNext: 2 }]);
  expect(standby.faults.list()).toEqual([]);
  expect(await bodyOf(await standby.send('GET', '/api/faults'))).toMatchObject({
    items: [{ activity: 'charge' }],
  });
  expect(await problemIn(await standby.send('PUT', '/api/faults/nothing', {}))).toEqual([
    404,
    'not-found',
  ]);
  expect(await problemIn(await standby.send('PUT', '/api/faults/charge', { x: 1 }))).toEqual(
    await problemIn(await owner.send('PUT', '/api/faults/charge', { x: 1 })),
  );

  const page = await (await standby.hono.request('/faults')).text();
  expect(page).toContain('This process is a standby, and makes no calls');
  expect(page).toContain('Broken on purpose');
  expect(await (await owner.hono.request('/faults')).text()).not.toContain(
    'This process is a standby',
  );

  const form = new URLSearchParams({ reset: 'yes' }).toString();
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const reset = { method: 'POST', headers, body: form };
  expect((await standby.hono.request('/faults/actions/set', reset)).status).toBe(303);
  expect(owner.faults.list()).toEqual([]);
  await standby.send('PUT', '/api/faults/refund', { failNext: 1 });
  expect((await standby.send('DELETE', '/api/faults')).status).toBe(204);
  expect(owner.faults.list()).toEqual([]);
});

test('crashes the process that is asked, and no other', async () => {
  const two = await twoEngines();
  const [owner, standby] = [labOf(two.owner.backstep), labOf(two.standby.backstep)];
  await standby.send('POST', '/api/faults/crash');
  expect([owner.crashed, standby.crashed]).toEqual([[], ['crash']]);
});

test('sets faults itself once it has taken over', async () => {
  const two = await twoEngines();
  labOf(two.owner.backstep);
  const standby = labOf(two.standby.backstep);
  two.owner.kill();
  await two.standby.started;
  await standby.send('PUT', '/api/faults/charge', { failNext: 3 });
  expect(standby.faults.list()).toMatchObject([{ activity: 'charge', failNext: 3 }]);
});
