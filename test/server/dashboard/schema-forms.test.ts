/** Sagas started, and events sent, by forms of the pages that are made of their schemas. */
import { z } from 'zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp, type App } from '../../../src/server/app.ts';
import { openShop, type ShopEngine } from '../shop-engine.ts';

const BROWSER = { accept: 'text/html' };
const SCRIPT = `"'><script>alert(1)</script>`;

let shop: ShopEngine;
let app: App;
beforeAll(async () => {
  shop = await openShop();
  const security = { allowedHosts: ['localhost'], token: null };
  app = createApp({ backstep: shop.backstep, security });
});
afterAll(async () => {
  await app.stop();
  await shop.dispose();
});

const pageAt = async (path: string): Promise<string> => {
  const page = await app.hono.request(path, { headers: BROWSER });
  expect(page.status).toBe(200);
  return (await page.text()).replaceAll(/\s+/g, ' ');
};
const post = async (path: string, fields: Readonly<Record<string, string>>, isScript = false) => {
  const headers = isScript ? { 'hx-request': 'true' } : BROWSER;
  const init = { method: 'POST', headers, body: new URLSearchParams(fields) };
  const answer = await app.hono.request(path, init);
  const text = (await answer.text()).replaceAll(/\s+/g, ' ');
  return { status: answer.status, location: answer.headers.get('location'), text };
};

describe('a saga', () => {
  it('has a form on the page of its definition, with what its schema says', async () => {
    const page = await pageAt('/definitions/shop');
    expect(page).toMatch(
      /<form class="schema-form" method="post" action="\/definitions\/shop\/start"/,
    );
    expect(page).toMatch(/What is packed\.<\/span> <input name="input\.item"/);
    expect(page).toMatch(/name="input\.count"[^>]*type="number" value="1"[^>]*min="1" max="9"/);
    expect(page).toMatch(/<select name="input\.isGift"[^>]*> <option value=""><\/option>/);
  });

  it('is started by it, and followed without script', async () => {
    const { status, location } = await post('/definitions/shop/start', {
      'input.item': 'book',
      'input.count': '2',
      'input.isGift': 'true',
      key: 'form-1',
    });
    expect(status).toBe(303);
    const id = location?.replace('/sagas/', '') ?? '';
    const state = await shop.backstep.saga(id).waitFor(({ status: at }) => at === 'waiting');
    expect(state?.snapshot.context).toMatchObject({
      input: { item: 'book', count: 2, isGift: true },
    });
    const again = { 'input.item': 'book', 'input.count': '2', 'input.isGift': 'true' };
    const same = await post('/definitions/shop/start', { ...again, key: 'form-1' }, true);
    expect(same.text).toContain('The same key started it before');
    const other = await post('/definitions/shop/start', { 'input.item': 'lamp', key: 'form-1' });
    expect([other.status, /other input/.test(other.text)]).toEqual([409, true]);
  });

  it('is refused at the field that is wrong, and what was typed stays', async () => {
    const typed = { 'input.item': 'b', 'input.count': '12', key: 'k-1' };
    const { status, text } = await post('/definitions/shop/start', typed);
    expect(status).toBe(422);
    expect(text).toMatch(
      /value="b"[^]*?<p id="start-form-problem-0" class="error" role="alert">[A-Z]/,
    );
    expect(text).toMatch(
      /value="12"[^]*?<p id="start-form-problem-1" class="error" role="alert">[A-Z]/,
    );
    expect(text).toContain('value="k-1"');
    const inPlace = await post('/definitions/shop/start', typed, true);
    expect(inPlace.status).toBe(422);
    expect(inPlace.text).toMatch(
      /<hx-partial hx-target="#start-form-problem-0" hx-swap="outerHTML"><p id="start-form-problem-0"[^>]*>[A-Z]/,
    );
    // The one that is right now no longer says what was wrong before.
    expect(inPlace.text).toMatch(/<p id="start-form-problem-2"[^>]*><\/p>/);
    expect(inPlace.text).not.toContain('<input');
  });

  it('is refused for what is no number, before its schema is asked', async () => {
    const { status, text } = await post(
      '/definitions/shop/start',
      { 'input.item': 'book', 'input.count': 'two' },
      true,
    );
    expect([status, /problem-1"[^>]*>must be a number/.test(text)]).toEqual([422, true]);
  });

  it('gets nothing unescaped into its page, and no secret back', async () => {
    const typed = { 'input.item': 'x', 'input.count': SCRIPT, key: 'password=hunter2' };
    const { text } = await post('/definitions/shop/start', typed);
    expect(text).toContain('&lt;script&gt;');
    expect(text).not.toContain('<script>alert');
    expect(text).not.toContain('hunter2');
  });

  it('cannot be started where nothing can be changed, nor where there is none of that name', async () => {
    const security = { allowedHosts: ['localhost'], token: null, isReadOnly: true };
    const shown = createApp({ backstep: shop.backstep, security });
    const page = await (await shown.hono.request('/definitions/shop', { headers: BROWSER })).text();
    expect(page).not.toContain('schema-form');
    await shown.stop();
    expect((await post('/definitions/none/start', {})).status).toBe(404);
  });
});

describe('an event', () => {
  it('has a form on the page of its saga, is held against its schema there, and is sent', async () => {
    const { id } = await shop.backstep.spawn('shop', { input: { item: 'globe' } });
    await shop.backstep.saga(id).waitFor(({ status }) => status === 'waiting');
    const page = await pageAt(`/sagas/${id}`);
    expect(page).toMatch(new RegExp(`action="/sagas/${id}/events/ship"[^]*name="input.carrier"`));
    expect(page).toMatch(new RegExp(`action="/sagas/${id}/events/lose"[^]*as JSON`));
    const path = `/sagas/${id}/events/ship`;
    const wrong = await post(path, { 'input.carrier': 'post', 'input.parcels': '10' }, true);
    expect(wrong.status).toBe(422);
    expect(wrong.text).toMatch(/-problem-1"[^>]*>[A-Z][^<]*9/);
    const sent = await post(path, {
      'input.carrier': 'post',
      'input.parcels': '2',
      reason: 'paid',
    });
    expect([sent.status, sent.location]).toEqual([303, `/sagas/${id}`]);
    expect((await shop.backstep.saga(id).settled()).status).toBe('completed');
    expect(await shop.backstep.read.audit(id)).toMatchObject([
      { command: 'send ship', by: 'page', reason: 'paid' },
    ]);
    const late = await post(path, { 'input.carrier': 'post', 'input.parcels': '2' }, true);
    expect(late.status).toBe(409);
  });

  it('has the form of the schema that was given at registration', async () => {
    const other = await openShop({ lose: z.object({ place: z.string().min(3) }) });
    const security = { allowedHosts: ['localhost'], token: null };
    const { hono, stop } = createApp({ backstep: other.backstep, security });
    const { id } = await other.backstep.spawn('shop', { input: { item: 'globe' } });
    await other.backstep.saga(id).waitFor(({ status }) => status === 'waiting');
    const page = await (await hono.request(`/sagas/${id}`, { headers: BROWSER })).text();
    expect(page).toMatch(new RegExp(`action="/sagas/${id}/events/lose"[^]*name="input.place"`));
    const body = new URLSearchParams({ 'input.place': 'x' });
    const refused = await hono.request(`/sagas/${id}/events/lose`, { method: 'POST', body });
    expect(refused.status).toBe(422);
    await stop();
    await other.dispose();
  });
});
