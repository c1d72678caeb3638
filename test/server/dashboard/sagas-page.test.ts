/** The list of sagas, dead letters and bulk commands, as forms and pages. */
import { afterEach, describe, expect, it } from 'vitest';
import { declined, openFixture, type HttpFixture } from '../http-fixture.ts';

let http: HttpFixture;
afterEach(() => http.dispose());

async function page(path: string): Promise<string> {
  const response = await http.app.request(path, { headers: { accept: 'text/html' } });
  expect(response.status).toBe(200);
  return response.text();
}

function post(path: string, form: Readonly<Record<string, string>>): Promise<Response> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const body = new URLSearchParams(form).toString();
  return Promise.resolve(http.app.request(path, { method: 'POST', body, headers }));
}

/** Freezes a list and says where the question is asked. */
async function frozen(form: Readonly<Record<string, string>>): Promise<string> {
  const response = await post('/bulk', form);
  expect(response.status).toBe(303);
  return response.headers.get('location') ?? '';
}

async function openWithFailures(count: number): Promise<readonly string[]> {
  http = await openFixture({ activities: { charge: declined, release: declined } });
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) ids.push(await http.settledOrder(`o-${index}`));
  return ids;
}

describe('GET /sagas', () => {
  it('keeps what was filtered by, in the form and in every link', async () => {
    const [id = ''] = await openWithFailures(1);
    const query = 'status=compensation_failed&status=parked&q=declined';
    const text = await page(`/sagas?${query}&type=&step=&attempts=&olderThan=`);
    expect(text).toContain(`href="/sagas/${id}"`);
    expect(text).toMatch(/value="compensation_failed"\s+checked/);
    expect(text).toMatch(/value="parked"\s+checked/);
    expect(text).not.toMatch(/value="running"\s+checked/);
    expect(text).toContain('name="filter-1-status" value="parked"');
    expect(text).toContain('<b>1</b> saga matches');
    expect(await page('/sagas?status=running')).toContain('No saga matches.');
  });

  it('leads on to older ones, and keeps the filters on the way', async () => {
    http = await openFixture();
    await Promise.all(
      Array.from({ length: 51 }, (_, index) =>
        http.backstep.spawn('order', { input: { orderId: `o-${index}`, quantity: 1 } }),
      ),
    );
    const first = await page('/sagas?type=order');
    const older = /rel="next"\s+href="([^"]+)"/.exec(first)?.[1] ?? '';
    expect(older).toMatch(/^\/sagas\?type=order&amp;cursor=/);
    const second = await page(older.replace('&amp;', '&'));
    expect(second.match(/aria-label="Choose /g)).toHaveLength(1);
    expect(second).toContain('href="/sagas?type=order">Newest</a>');
  });

  it('refuses what is no filter, on a page', async () => {
    http = await openFixture();
    const headers = { accept: 'text/html' };
    const response = await http.app.request('/sagas?status=nope', { headers });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('must be one of');
  });
});

describe('a bulk command from the list', () => {
  it('is asked with the exact number, and reaches what was frozen and no other', async () => {
    const ids = await openWithFailures(2);
    const place = await frozen({
      scope: 'matching',
      command: 'terminate',
      reason: 'drill',
      'filter-0-status': 'compensation_failed',
    });
    const late = await http.settledOrder('o-late');
    expect(await page(place)).toMatch(/<button[^>]*>\s*Terminate 2 sagas\s*<\/button>/);
    for (const id of ids) expect((await http.backstep.saga(id).state())?.resolution).toBeNull();
    expect((await post(`${place}/start`, {})).status).toBe(303);
    await Promise.all(ids.map((id) => untilStatus(id, 'terminated')));
    expect((await http.backstep.saga(late).state())?.status).toBe('compensation_failed');
    expect(await http.backstep.read.audit(ids[0] ?? '')).toMatchObject([{ reason: 'drill' }]);
  });

  it('tells the outcome saga by saga', async () => {
    const [id = ''] = await openWithFailures(1);
    const done = await http.backstep.saga(id).command({ name: 'terminate' });
    expect(done.status).toBe('terminated');
    const place = await frozen({ scope: 'chosen', command: 'retry', [`saga-${id}`]: 'on' });
    expect(await page(place)).toContain('The saga has ended: terminated.');
    await post(`${place}/start`, {});
    const refused = `${place}?outcome=refused`;
    await expect.poll(() => page(refused), { timeout: 10_000 }).toContain(`href="/sagas/${id}"`);
    expect(await page(refused)).toContain('refused');
  });

  it('leads back to the list as it was narrowed when nothing was ticked', async () => {
    const answer = await post('/bulk', {
      scope: 'chosen',
      command: 'cancel',
      'filter-0-status': 'waiting',
      'filter-1-status': 'running',
      'filter-2-type': 'order',
    });
    const href = '/sagas?status=waiting&amp;status=running&amp;type=order';
    expect(await answer.text()).toContain(`<a class="button" href="${href}">Back</a>`);
  });

  it('needs a choice, a scope and a command that there is', async () => {
    http = await openFixture();
    const nothing = await post('/bulk', { scope: 'chosen', command: 'cancel' });
    expect(nothing.status).toBe(422);
    expect(await nothing.text()).toContain('Choose sagas first');
    expect((await post('/bulk', { command: 'cancel' })).status).toBe(400);
    expect((await post('/bulk', { scope: 'matching', command: 'fly' })).status).toBe(404);
    expect((await post('/bulk/9/start', {})).status).toBe(404);
    expect((await http.app.request('/bulk/9')).status).toBe(404);
  });
});

describe('GET /dead-letters', () => {
  it('groups by error, tells what is done and what is owed, and offers what is legal', async () => {
    const [id = ''] = await openWithFailures(2);
    const text = await page('/dead-letters');
    expect(text).toMatch(/>\s*<code>declined<\/code>\s*<\/a>/);
    expect(text).toContain('Retry all 2…');
    expect(text).toMatch(/Outstanding, next first<\/dt>\s*<dd>reserve<\/dd>/);
    for (const command of ['retry', 'terminate']) {
      expect(text).toContain(`action="/sagas/${id}/commands/${command}"`);
    }
    expect(text).toContain('Edit the context and retry');
    expect(text).toMatch(/<button type="button" disabled>\s*Pause/);
    const other = await page('/dead-letters?type=order&kind=parked&code=declined');
    expect(other).not.toContain(`/sagas/${id}`);
  });

  it('lets a whole group be tried again', async () => {
    const ids = await openWithFailures(2);
    const place = await frozen({
      scope: 'letters',
      command: 'retry',
      type: 'order',
      kind: 'compensation_failed',
      code: 'declined',
    });
    expect(await page(place)).toContain('Retry 2 sagas');
    await post(`${place}/start`, {});
    for (const id of ids) {
      await expect
        .poll(() => http.backstep.read.audit(id), { timeout: 10_000 })
        .toMatchObject([{ command: 'retry' }]);
    }
  });

  it('says so when nothing waits', async () => {
    http = await openFixture();
    expect(await page('/dead-letters')).toContain('Nothing waits for a decision.');
  });
});

async function untilStatus(id: string, status: string): Promise<void> {
  await expect
    .poll(async () => (await http.backstep.saga(id).state())?.status, { timeout: 10_000 })
    .toBe(status);
}
