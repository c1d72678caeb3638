import { afterEach, describe, expect, it } from 'vitest';
import { PermanentError } from '../../src/core/failure.ts';
import { startServer } from '../../src/server/listening-server.ts';
import { emptyDemo, openDemo } from './demo-fixture.ts';
import { declined, type HttpFixture } from '../server/http-fixture.ts';
import { hostileDemo, hostileFaults, invariant, recordingFaults, SCRIPT } from './hostile-demo.ts';
import { openSocket } from '../server/live/live-socket.ts';

let http: HttpFixture;
afterEach(() => http.dispose());

describe('GET /saga', () => {
  it('shows everything without script, and nothing that the CSP forbids', async () => {
    http = await openDemo({ activities: { charge: declined, release: declined } });
    const id = await http.settledOrder('o-1');
    const response = await http.send('GET', `/saga?id=${id}`);
    expect(response.headers.get('content-type')).toMatch(/^text\/html/);
    const page = await response.text();
    for (const text of [
      'Place an order',
      'Saga',
      'compensation failed',
      'release gave up after one attempt. A person decides.',
      'Dead letters',
      'Faults are switched off',
      `action="/sagas/${id}/commands/retry"`,
    ]) {
      expect(page).toContain(text);
    }
    expect(page).not.toMatch(/ on[a-z]+="| style="|<style|hx-on|javascript:|js:/i);
    const scripts = [...page.matchAll(/<script\b[^>]*>/g)].map(([tag]) => tag);
    expect(scripts).toEqual([
      '<script src="/assets/backstep.js" defer>',
      '<script src="/assets/htmx.js" defer>',
    ]);
  });

  it('is 404 and says so for an unknown saga', async () => {
    http = await openDemo();
    const response = await http.send('GET', '/saga?id=nope');
    expect(response.status).toBe(404);
    expect(await response.text()).toContain('No such saga');
  });

  it('escapes script in every text field of every table', async () => {
    http = await openDemo({
      demo: hostileDemo(),
      faults: hostileFaults(),
      activities: {
        charge: () => {
          throw new PermanentError(SCRIPT.slice(0, 60), SCRIPT);
        },
        release: () => {
          throw new PermanentError('x', SCRIPT);
        },
      },
    });
    const { id } = await http.backstep.spawn('order', {
      input: { orderId: SCRIPT, quantity: 1 },
      key: SCRIPT,
    });
    await http.backstep.saga(id).settled({ within: 5_000 });
    for (const path of ['/saga', `/saga?id=${id}`, `/saga?id=${encodeURIComponent(SCRIPT)}`]) {
      const page = await (await http.send('GET', path)).text();
      expect(page).toContain('&lt;script&gt;');
      expect(page).not.toContain('<script>alert');
      expect(page).not.toContain('<img');
    }
  });

  it('says where the rest of a list is that it shows the newest of', async () => {
    http = await openDemo({ activities: { charge: declined, release: declined } });
    await Promise.all(Array.from({ length: 10 }, (_, index) => http.settledOrder(`o-${index}`)));
    const pageNow = async () =>
      (await (await http.send('GET', '/saga')).text()).replaceAll(/\s+/g, ' ');
    expect(await pageNow()).not.toContain('see all');
    await Promise.all(Array.from({ length: 11 }, (_, index) => http.settledOrder(`p-${index}`)));
    const page = await pageNow();
    expect(page).toContain('20 of 21: <a href="/sagas?type=order">see all</a>');
    expect(page).toContain('10 of 21: <a href="/dead-letters">see all</a>');
  });

  it('gives every amount its currency', async () => {
    const ids = { order_id: 'o-1', saga_id: 's-1', customer_id: 'c', product_id: 'p' };
    const rest = { quantity: 1, status: 'confirmed', reason: null };
    const times = { confirmed_at: null, reverted_at: null };
    const row = { ...ids, ...rest, ...times, amount: '140.90', currency: 'EUR' };
    const orders = async () => ({ items: [row], nextCursor: null });
    http = await openDemo({ demo: emptyDemo({ orders }) });
    const page = await (await http.send('GET', '/saga')).text();
    expect(page).toContain('€140.90');
    expect(page).toMatch(/<label\s*>Amount in EUR\s+<input\s+name="amount"/);
  });

  it('shows what does not add up in words', async () => {
    const broken = { ...invariant('money'), holds: false, expected: 5, actual: 7 };
    const untold = { ...invariant('books'), holds: null };
    const demo = emptyDemo({ invariants: async () => [invariant('stock'), broken, untold] });
    http = await openDemo({ demo });
    const pageNow = async () => (await http.send('GET', '/saga')).text();
    // A first look does not wait for it long.
    await expect.poll(pageNow, { timeout: 10_000 }).toMatch(/<b>holds<\/b>: stock adds up/);
    const page = await pageNow();
    expect(page).toMatch(/<b>broken<\/b>: money adds up[^]*money: 5 expected, 7 found/);
    expect(page).toMatch(/<b>cannot be told now<\/b>: books adds up/);
  });
});

describe('a refusal', () => {
  it('says once what is wrong, as a sentence, or lists what is', async () => {
    http = await openDemo();
    const textOf = async (body: string) => {
      const answer = await (await post('/saga/actions/orders', body, true)).text();
      return answer
        .replaceAll(/<[^>]+>/g, ' ')
        .replaceAll(/\s+/g, ' ')
        .trim();
    };
    const one = await textOf('order_id=o-1&quantity=0');
    expect(one).toMatch(/^✗ Input not valid: quantity: [^.]+\.$/);
    const both = await textOf('order_id=&quantity=0');
    expect(both).toMatch(
      /^✗ Input not valid: several things are wrong. order_id: Too small.+ quantity: Too small.+$/,
    );
    const page = await http.app.request('/sagas/nope', { headers: { accept: 'text/html' } });
    expect(await page.text()).toContain('There is no saga nope.');
  });
});

describe('the actions of the page', () => {
  it('place an order: a piece of the page for htmx, a redirect without script', async () => {
    http = await openDemo();
    const byScript = await post('/saga/actions/orders', 'order_id=o-1&quantity=1', true);
    expect(byScript.status).toBe(200);
    const piece = await byScript.text();
    expect(piece).toContain('Order o-1 is accepted');
    expect(piece.match(/<hx-partial [^>]*>/g)).toHaveLength(2);
    expect(piece.match(/<\/hx-partial>/g)).toHaveLength(2);
    const plain = await post('/saga/actions/orders', 'order_id=o-2&quantity=1', false);
    expect(plain.status).toBe(303);
    expect(plain.headers.get('location')).toMatch(/^\/saga\?id=\w+$/);
  });

  it('say what is wrong with an order, escaped', async () => {
    http = await openDemo();
    const form = `order_id=${encodeURIComponent(SCRIPT)}&quantity=0`;
    for (const isScript of [true, false]) {
      const response = await post('/saga/actions/orders', form, isScript);
      expect(response.status).toBe(422);
      expect(response.headers.get('content-type')).toMatch(/^text\/html/);
      const text = await response.text();
      expect(text).toContain('quantity');
      expect(text).not.toContain('<script>alert');
    }
    const strange = await post('/saga/actions/orders', 'order_id=x&quantity=many', true);
    expect(strange.status).toBe(400);
  });

  it('order commands with the version that the person saw', async () => {
    http = await openDemo({ activities: { charge: declined, release: declined } });
    const id = await http.settledOrder('o-1');
    const path = `/sagas/${id}/commands`;
    const stale = await post(`${path}/terminate`, 'expected_version=1', true);
    expect(stale.status).toBe(409);
    const { seq } = (await http.backstep.saga(id).state()) ?? { seq: 0 };
    const taken = await post(`${path}/terminate`, `expected_version=${seq}`, true);
    expect(await taken.text()).toContain('terminated');
    expect(await http.backstep.read.audit(id)).toMatchObject([{ by: 'page' }]);
    expect((await post(`${path}/fly`, '', true)).status).toBe(404);
  });

  it('set faults by preset or one by one, and reset them', async () => {
    const faults = recordingFaults();
    http = await openDemo({ faults });
    await post('/saga/actions/faults', 'preset=payment-declined', true);
    expect(faults.calls).toEqual(['clear', 'set processPayment']);
    await post('/saga/actions/faults', 'activity=charge&mode=hang&fail_next=2', true);
    await post('/saga/actions/faults', 'preset=reset', false);
    expect(faults.calls.slice(2)).toEqual(['set charge', 'clear']);
    expect((await post('/saga/actions/faults', 'preset=nope', true)).status).toBe(404);
  });

  it('are not there when faults are off, and never by GET', async () => {
    http = await openDemo();
    expect((await post('/saga/actions/faults', 'preset=reset', true)).status).toBe(404);
    const response = await http.send('GET', '/saga/actions/orders');
    expect(response.status).toBe(405);
  });

  it('take forms only', async () => {
    http = await openDemo();
    const response = await http.send('POST', '/saga/actions/orders', { order_id: 'x' });
    expect(response.status).toBe(415);
  });
});

describe('WS /ws/page', () => {
  it('sends everything on connect, then what changed', async () => {
    const gate = Promise.withResolvers<{ receipt: string }>();
    http = await openDemo({ activities: { charge: () => gate.promise } });
    const { id } = await http.backstep.spawn('order', { input: { orderId: 'o', quantity: 1 } });
    const server = await startServer(http.app, { host: '127.0.0.1', port: 0 });
    const address = server.url.replace('http', 'ws');
    const client = await openSocket(`${address}/ws/page?page=/saga&id=${id}`);
    await client.until((texts) => texts.length >= 1);
    for (const target of ['saga-rows', 'counts', 'stock', 'dead-letters', 'saga-detail']) {
      expect(client.texts[0]).toContain(`hx-target="#${target}"`);
    }
    gate.resolve({ receipt: 'r' });
    const isDone = (text: string) => text.includes(`#row-${id}`) && text.includes('completed');
    await client.until((texts) => texts.slice(1).some(isDone));
    const update = client.texts.slice(1).find(isDone);
    expect(update).not.toContain('hx-target="#saga-rows"');
    client.socket.terminate();
    await server.close();
  });

  it('refuses a view that there is not', async () => {
    http = await openDemo();
    const headers = { connection: 'Upgrade', upgrade: 'websocket' };
    const response = await http.app.request('/ws/page?page=x', { headers });
    expect(response.status).toBe(400);
  });
});

function post(path: string, body: string, isScript: boolean): Promise<Response> {
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    ...(isScript ? { 'hx-request': 'true' } : {}),
  };
  return Promise.resolve(http.app.request(path, { method: 'POST', body, headers }));
}
