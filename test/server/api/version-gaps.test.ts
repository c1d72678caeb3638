/** What health and the page of definitions say of sagas that cannot go on. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createApp, type App } from '../../../src/server/app.ts';
import { Redeployed, stay, until } from '../../runtime/upkeep/redeployed.ts';

let on: Redeployed;
beforeEach(() => {
  on = new Redeployed();
});
afterEach(() => on.dispose());

const appOf = (): App['hono'] =>
  createApp({
    backstep: on.backstep,
    security: { allowedHosts: ['localhost'], token: null },
  }).hono;

test('are told with their reason and number, and are ready nonetheless', async () => {
  await on.deploy([stay()]);
  await on.waiting(2);
  await on.deploy([stay({ step: 'reserve' })]);
  await until(() => on.gaps !== undefined);
  const app = appOf();
  const health = await app.request('/api/health');
  expect(health.status).toBe(200);
  const reason = on.gaps?.[0]?.reason ?? '';
  expect(await health.json()).toEqual({
    status: 'ready',
    versionGaps: [{ type: 'stay', version: 1, reason, sagas: 2 }],
  });
  const page = await (await app.request('/definitions')).text();
  const text = page.replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ');
  expect(text).toContain('2 of stay v1 cannot go on: book is done and version 1 as it was edited');
});

test('are told once of a version that is gone, and no more once it is back', async () => {
  await on.deploy([stay()]);
  await on.waiting();
  await on.deploy([stay({ version: 2 })]);
  await until(() => on.gaps !== undefined);
  const app = appOf();
  const read = async () => (await (await app.request('/definitions')).text()).match(/of stay v1/g);
  expect(await read()).toHaveLength(1);
  on.register(stay());
  await until(() => on.gaps === undefined);
  expect(await (await app.request('/api/health')).json()).toEqual({ status: 'ready' });
});

test('answer what they are ordered with the reason, and what would mend it', async () => {
  await on.deploy([stay()]);
  const [id] = await on.waiting();
  await on.deploy([stay({ step: 'reserve' })]);
  await until(() => on.gaps !== undefined);
  const answer = await appOf().request(`/api/sagas/${id}/commands`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ command: 'cancel' }),
  });
  expect(answer.status).toBe(409);
  expect(await answer.json()).toMatchObject({
    code: 'version-missing',
    detail: expect.stringContaining('book is done and version 1 as it was edited') as string,
  });
});
