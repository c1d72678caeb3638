import { afterEach, describe, expect, it } from 'vitest';
import { PermanentError } from '../../../src/core/failure.ts';
import type { SagaState } from '../../../src/core/state.ts';
import { startServer } from '../../../src/server/listening-server.ts';
import { declined, type FixtureOptions, openFixture, type HttpFixture } from '../http-fixture.ts';
import { openSocket } from '../live/live-socket.ts';
import { registerStays } from '../api/stay-saga.ts';

const SCRIPT = `"'><script>alert(1)</script><img src=x onerror=alert(2)>`;

let http: HttpFixture;
afterEach(() => http.dispose());

describe('GET /sagas/{id}', () => {
  it('says how the saga stands, why it turned back, and shows its rail and every turn', async () => {
    const page = await pageOf({ activities: { charge: declined } });
    expect(textOf(page)).toContain('compensated What was done is compensated.');
    expect(textOf(page)).toMatch(/Why it turned back: declined the card was declined\. Everything/);
    const cells = [...page.matchAll(/<div\s+class="cell (forward|backward) [^"]*is-(\w+)"/g)];
    expect(cells.map(([, side, status]) => `${side} ${status}`)).toEqual([
      'forward compensated',
      'backward compensated',
      'forward failed',
      'backward idle',
    ]);
    for (const what of ['start', 'reserve done', 'charge failed', 'release done']) {
      expect(textOf(page)).toContain(what);
    }
    expect(textOf(page)).toMatch(/charge attempt 1 \S+ \d+ ms ✗ failed declined/);
    expect(textOf(page)).toContain('No command is legal any more.');
    expect(page).not.toMatch(/ on[a-z]+="| style="|<style|hx-on|javascript:|js:/i);
  });

  it('says what happens next: attempt, budget and when', async () => {
    const gate = Promise.withResolvers<{ receipt: string }>();
    http = await openFixture({ activities: { charge: () => gate.promise } });
    const { id } = await http.backstep.spawn('order', { input: { orderId: 'o', quantity: 1 } });
    await until(id, 'charge');
    const page = textOf(await pageAt(`/sagas/${id}`));
    expect(page).toContain('Next: charge, attempt 1 of 2, is running');
    expect(page).toContain(`Cancel order ${id}? 2 steps are compensated: charge, reserve.`);
    gate.resolve({ receipt: 'r' });
    await http.backstep.saga(id).settled({ within: 5_000 });
  });

  it('says when a saga begins that has not begun', async () => {
    http = await openFixture();
    const input = { orderId: 'o', quantity: 1 };
    const { id } = await http.backstep.spawn('order', { input, delay: '1h' });
    expect(textOf(await pageAt(`/sagas/${id}`))).toMatch(/waiting It begins at \d\d:\d\d:\d\d\./);
    await pageAt(`/sagas/${id}?view=chart`);
  });

  it('has every command, with the reason why one is not legal', async () => {
    const page = textOf(await pageOf({ activities: { charge: declined, release: declined } }));
    expect(page).toContain('release gave up after one attempt. A person decides.');
    expect(page).toContain('Retry');
    expect(page).toMatch(/Pause It stands still already\./);
  });

  it('is 404 for a saga that there is not, and 400 for a turn that there is not', async () => {
    http = await openFixture();
    const id = await http.settledOrder('o-1');
    await pageAt('/sagas/nope', 404);
    expect(textOf(await pageAt(`/sagas/${id}?seq=99`, 400))).toContain('turns 1 to 3');
    await pageAt(`/sagas/${id}?seq=0`, 400);
  });

  it('hides secrets in the context and in what turns changed', async () => {
    http = await openFixture();
    const input = { orderId: 'o', quantity: 1, cardNumber: '4111-1111' };
    const { id } = await http.backstep.spawn('order', { input });
    await http.backstep.saga(id).settled({ within: 5_000 });
    const page = await pageAt(`/sagas/${id}`);
    expect(page).toContain('[redacted]');
    expect(page).not.toContain('4111');
  });

  it('escapes what people and services said', async () => {
    http = await openFixture({
      activities: {
        charge: () => {
          throw new PermanentError('x', SCRIPT);
        },
        release: () => {
          throw new PermanentError(SCRIPT.slice(0, 60), SCRIPT);
        },
      },
    });
    const { id } = await http.backstep.spawn('order', {
      input: { orderId: SCRIPT, quantity: 1 },
      key: SCRIPT,
    });
    await http.backstep.saga(id).settled({ within: 5_000 });
    await http.backstep.saga(id).command({ name: 'terminate', by: SCRIPT, reason: SCRIPT });
    for (const query of ['', '?view=chart', '?seq=2', '?seq=3&view=chart']) {
      const page = await pageAt(`/sagas/${id}${query}`);
      expect(page).toContain('&lt;script&gt;');
      expect(page).not.toContain('<script>alert');
      expect(page).not.toContain('<img');
    }
  });
});

describe('time travel', () => {
  it('shows the saga as it was after a turn, and the way to the turns beside it', async () => {
    http = await openFixture({ activities: { charge: declined } });
    const id = await http.settledOrder('o-1');
    const page = await pageAt(`/sagas/${id}?seq=2`);
    expect(textOf(page)).toMatch(/running at turn 2/);
    expect(page).toContain(`href="/sagas/${id}?seq=1"`);
    expect(page).toContain(`href="/sagas/${id}?seq=3"`);
    expect(page).toMatch(/<input\s+type="range"\s+name="seq"\s+min="1"\s+max="4"\s+value="2"/);
    expect(page).toMatch(
      /cell forward tone-good is-completed[^]*cell forward tone-busy is-running/,
    );
    expect(textOf(page)).toContain('What turn 2 changed');
    expect(textOf(page)).toContain('go back to now to give a command');
    expect(page).not.toContain('hx-ws:connect');
    const first = textOf(await pageAt(`/sagas/${id}?seq=1`));
    expect(first).toContain('This is how it began.');
  });
});

describe('what is ordered on the page', () => {
  it('is taken at the version that the person saw, and audited with the reason', async () => {
    http = await openFixture({ activities: { charge: declined, release: declined } });
    const id = await http.settledOrder('o-1');
    const path = `/sagas/${id}/commands`;
    const stale = await post(`${path}/terminate`, 'expected_version=1', true);
    expect(stale.status).toBe(409);
    const { seq } = (await http.backstep.saga(id).state()) ?? { seq: 0 };
    const plain = await post(`${path}/terminate`, `expected_version=${seq}&reason=enough`, false);
    expect([plain.status, plain.headers.get('location')]).toEqual([303, `/sagas/${id}`]);
    expect(await http.backstep.read.audit(id)).toMatchObject([{ by: 'page', reason: 'enough' }]);
    expect(textOf(await pageAt(`/sagas/${id}`))).toMatch(
      /page Terminate without compensating enough/,
    );
    const late = await post(`${path}/retry`, '', true);
    expect(late.status).toBe(409);
    expect(await late.text()).toContain('class="note tone-bad"');
    expect((await post(`${path}/fly`, '', true)).status).toBe(404);
  });

  it('may be an event, audited with who sent it and why', async () => {
    http = await openFixture({ register: (backstep) => registerStays(backstep) });
    const { id } = await http.backstep.spawn('stay', { input: { room: 'r1' } });
    await untilIn(id, ({ status }) => status === 'waiting');
    expect(await pageAt(`/sagas/${id}`)).toMatch(/action="[^"]*\/events\/reject"[^]*name="reason"/);
    const form = 'reason=too+dear&input=%7B%22reason%22%3A%22no%22%7D';
    expect((await post(`/sagas/${id}/events/reject`, form, true)).status).toBe(200);
    await http.backstep.saga(id).settled({ within: 5_000 });
    expect(await http.backstep.read.audit(id)).toMatchObject([
      { command: 'send reject', by: 'page', reason: 'too dear' },
    ]);
    const page = textOf(await pageAt(`/sagas/${id}`));
    expect(page).toMatch(/page send reject too dear/);
    expect(page).toMatch(/reject by page: too dear/);
    expect(page).toMatch(/waiting in approval [^]* over by page/);
  });

  it('is refused with a page that says why, when there is no script', async () => {
    http = await openFixture();
    const id = await http.settledOrder('o-1');
    const response = await post(`/sagas/${id}/commands/cancel`, '', false);
    expect(response.status).toBe(409);
    expect(await response.text()).toContain('<h1>Not done</h1>');
    const malformed = await post(`/sagas/${id}/events/x`, 'input=%7B', true);
    expect(malformed.status).toBe(422);
    const twice = await post(`/sagas/${id}/events/x`, 'input={"a":1,"a":2}', true);
    expect(twice.status).toBe(422);
    expect((await post(`/sagas/${id}/events/x`, 'input=[1]', true)).status).toBe(400);
    expect((await post(`/sagas/${id}/events/x`, '', true)).status).toBe(409);
  });
});

describe('the live page of one saga', () => {
  it('sends the parts that a transition changed, and no others', async () => {
    const gate = Promise.withResolvers<{ receipt: string }>();
    http = await openFixture({ activities: { charge: () => gate.promise } });
    const { id } = await http.backstep.spawn('order', { input: { orderId: 'o', quantity: 1 } });
    await until(id, 'charge');
    const server = await startServer(http.app, { host: '127.0.0.1', port: 0 });
    const address = server.url.replace('http', 'ws');
    const client = await openSocket(`${address}/ws/page?page=/sagas/:id&id=${id}`);
    await client.until((texts) => texts.length >= 1);
    expect(client.texts[0]).toContain('hx-target="#saga-rail"');
    gate.resolve({ receipt: 'r' });
    const isDone = (text: string) => text.includes('All steps are done.');
    await client.until((texts) => texts.slice(1).some(isDone));
    const update = client.texts.find(isDone) ?? '';
    expect(update).toContain('hx-target="#saga-rail"');
    expect(update).not.toContain('hx-target="#saga-audit"');
    client.socket.terminate();
    await server.close();
  });
});

async function pageOf(options: FixtureOptions): Promise<string> {
  http = await openFixture(options);
  return pageAt(`/sagas/${await http.settledOrder('o-1')}`);
}

async function pageAt(path: string, status = 200): Promise<string> {
  const response = await http.app.request(path, { headers: { accept: 'text/html' } });
  expect(response.status).toBe(status);
  return response.text();
}

/** Waits for the attempt to be on record. */
function until(id: string, activity: string): Promise<void> {
  return untilIn(id, ({ live }) => live.activities[activity] !== undefined);
}

async function untilIn(id: string, isThere: (state: SagaState) => boolean): Promise<void> {
  const arrived = Promise.withResolvers<void>();
  const look = async (): Promise<void> => {
    const state = await http.backstep.saga(id).state();
    if (state !== null && isThere(state)) arrived.resolve();
  };
  const stop = http.backstep.subscribe(() => void look());
  await look();
  await arrived.promise;
  stop();
}

/** What a person reads. */
function textOf(page: string): string {
  return page
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/ ([.,:])/g, '$1');
}

function post(path: string, body: string, isScript: boolean): Promise<Response> {
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    ...(isScript ? { 'hx-request': 'true' } : {}),
  };
  return Promise.resolve(http.app.request(path, { method: 'POST', body, headers }));
}
