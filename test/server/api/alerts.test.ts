/** What the API, the page and the figures say of alerts, and what none of them says. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { receiver, SECRET } from '../../host/alerts/killed-alerts.ts';
import { bodyOf, declined, type HttpFixture, openFixture, problemIn } from '../http-fixture.ts';

const HOOK = '/services/T0/B0/hook-key';

let http: HttpFixture;
let hook: Awaited<ReturnType<typeof receiver>>;

beforeEach(async () => {
  hook = await receiver();
  const url = `${new URL(hook.url).origin.replace('//', '//ops:hunter2@')}${HOOK}`;
  http = await openFixture({
    activities: { charge: declined, release: declined },
    alerts: {
      rules: [
        { name: 'letters', when: { kind: 'dead-letter' }, to: ['desk'] },
        { name: 'slow', when: { kind: 'saga-age', status: 'waiting', olderThan: '1h' } },
      ],
      targets: { desk: { url, secret: SECRET, timeout: '1s' }, program: () => {} },
      gather: 0,
    },
  });
});

afterEach(() => http.dispose());

const textAt = async (path: string): Promise<string> => (await http.send('GET', path)).text();

it('an incident and its message are listed, and neither address nor secret is', async () => {
  const id = await http.settledOrder('o-1');
  await hook.came(1);
  // That it was taken is written once the answer came back, which nothing tells of.
  while (!(await textAt('/api/alerts/deliveries')).includes('"delivered"')) {
    await new Promise(setImmediate);
  }
  expect(await bodyOf(await http.send('GET', '/api/alerts'))).toMatchObject({
    rules: [
      { name: 'letters', when: { kind: 'dead-letter' }, to: ['desk'] },
      { name: 'slow', to: ['desk', 'program'] },
    ],
    targets: [
      { name: 'desk', kind: 'webhook', address: `${new URL(hook.url).origin}/…` },
      { name: 'program', kind: 'function', address: null },
    ],
  });
  expect(await bodyOf(await http.send('GET', '/api/alerts/incidents?open=true'))).toMatchObject({
    items: [{ rule: 'letters', now: 1, total: 1, sagas: [id], resolvedAt: null }],
  });
  const past = await bodyOf(await http.send('GET', '/api/alerts/incidents?open=false'));
  expect(past).toEqual({ items: [], nextCursor: null });
  const page = (await textAt('/alerts')).replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ');
  expect(page).toContain('a saga is in waiting for longer than 1h');
  expect(page).toContain('opened: 1 dead letter of &quot;order&quot; (compensation_failed)');
  expect(page).toContain('delivered');
  for (const path of ['/api/alerts', '/api/alerts/deliveries', '/alerts', '/debug', '/metrics']) {
    const text = await textAt(path);
    expect([path, /hunter2|hook-key/.test(text) || text.includes(SECRET)]).toEqual([path, false]);
  }
});

it('a trial is sent to a target there is, from the page too', async () => {
  const answer = await http.send('POST', '/api/alerts/trials', { target: 'desk' });
  expect(answer.status).toBe(202);
  await hook.came(1);
  expect(hook.received[0]?.id).toBe((await bodyOf(answer))['id']);
  expect(hook.received[0]?.alert).toMatchObject({
    type: 'alert.trial',
    data: { summary: 'A trial, ordered by api: nothing happened.' },
  });
  const body = new URLSearchParams({ target: 'desk' });
  const form = await http.app.request('/alerts/trials', { method: 'POST', body });
  expect([form.status, form.headers.get('location')]).toEqual([303, '/alerts']);
  await hook.came(2);
  const none = await http.send('POST', '/api/alerts/trials', { target: 'nobody' });
  expect(await problemIn(none)).toEqual([404, 'not-found']);
  const bad = await http.send('GET', '/api/alerts/incidents?open=perhaps');
  expect((await problemIn(bad))[0]).toBe(400);
});
