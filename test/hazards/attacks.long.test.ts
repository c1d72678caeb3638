/** Script, SQL, header, path and origin attacks on the shipped server, looked for in every view. */
import { request } from 'node:http';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { orderOf } from '../e2e/order-books.ts';
import { siteFor, type Site } from '../e2e/site.ts';
import { allRoutes, type Route } from './all-routes.ts';
import { ATTACK_PATHS, ATTACK_TEXTS } from './attack-texts.ts';
import { sendRaw } from './raw-http.ts';
import { faultsLoggedBy } from './server-figures.ts';

/** So many sagas are looked at one by one. */
const LOOKED_AT = 25;
const TEST_LIMIT_MS = 90_000;
const WITHOUT_BOUND = { BACKSTEP_REQUESTS_PER_SECOND: 'off' };
/** A text with one of these must never stand in a page as it came. */
const ACTIVE = /[<>"]/;
const STREAMS = /^\/(ws|inspect)|^\/api\/transitions$/;

let routes: readonly Route[] = [];
beforeAll(async () => void (routes = await allRoutes()));

test(
  `${ATTACK_TEXTS.length} texts in every field are shown as text in every view and change nothing`,
  async () => {
    expect(ATTACK_TEXTS).toHaveLength(200);
    const site = await siteFor(onTestFinished);
    await site.provide();
    const server = await site.serve(WITHOUT_BOUND);
    const accepted = await startAll(site);
    expect(accepted.length).toBeGreaterThan(150);
    await steer(site, accepted);

    const views = viewsOf(accepted);
    const bodies: string[] = [];
    for (const view of views) bodies.push(await look(site, view));
    const pages = bodies.filter((body) => body.startsWith('<!'));
    expect(pages.length).toBeGreaterThan(LOOKED_AT);
    // They are there: as text.
    expect(pages.filter((page) => page.includes('&lt;script')).length).toBeGreaterThan(0);

    expect(await site.get('/saga/stats')).toMatchObject({ total: accepted.length });
    expect(await site.get('/api/health')).toEqual({ status: 'ready' });
    expect(faultsLoggedBy(server)).toEqual([]);
  },
  TEST_LIMIT_MS,
);

test('paths that climb, and texts as paths, find nothing', async () => {
  const site = await siteFor(onTestFinished);
  await site.provide();
  await site.serve(WITHOUT_BOUND);
  const port = Number(new URL(site.url).port);
  const places = ['/', '/assets/', '/sagas/', '/api/sagas/', '/api/definitions/', '/saga/status/'];
  const found: string[] = [];
  for (const place of places) {
    for (const path of [...ATTACK_PATHS, ...ATTACK_PATHS.map(encodeURIComponent)]) {
      const head = `GET ${place}${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`;
      const status = await sendRaw(port, Buffer.from(head));
      // 0 and 400: not even taken for a request.
      if (![0, 400, 404, 421].includes(status)) found.push(`${status} ${place}${path}`);
    }
  }
  expect(found).toEqual([]);
});

describe('requests from another place are refused', () => {
  const ORIGINS = [
    'https://evil.example',
    'http://localhost.evil.example',
    'http://127.0.0.1.evil.example',
    'http://evil.example:3000',
    'null',
    'file://',
    'http://[::2]',
    'http://localhost:1',
    'x',
  ];
  const HOSTS = ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '127.0.0.2'];

  test('whatever they want, also an upgrade', async () => {
    const site = await siteFor(onTestFinished);
    await site.provide();
    await site.serve(WITHOUT_BOUND);
    const unsafe = routes.filter(({ method }) => !['GET', 'ALL'].includes(method));
    expect(unsafe.length).toBeGreaterThan(5);
    const answered: string[] = [];
    const socket = { upgrade: 'websocket', connection: 'upgrade', 'sec-websocket-version': '13' };
    for (const origin of ORIGINS) {
      for (const { method, path } of unsafe) {
        const status = await statusOf(site, method, path, { origin });
        if (status !== 403) answered.push(`${status} ${method} ${path} from ${origin}`);
      }
      const headers = { ...socket, 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==', origin };
      const status = await statusOf(site, 'GET', '/ws/transitions', headers);
      if (status !== 403) answered.push(`${status} upgrade from ${origin}`);
    }
    for (const host of HOSTS) {
      for (const { method, path } of routes.filter((route) => route.method !== 'ALL')) {
        const status = await statusOf(site, method, path, { host });
        if (status !== 421) answered.push(`${status} ${method} ${path} as ${host}`);
      }
    }
    expect(answered).toEqual([]);
    expect(await site.get('/saga/stats')).toMatchObject({ total: 0 });
  });
});

/** Ids of the sagas that were accepted; the others were refused as input. */
async function startAll(site: Site): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const [index, text] of ATTACK_TEXTS.entries()) {
    const order = orderOf(index, { order_id: text, customer_id: text });
    const { status, body } = await site.order(order);
    expect([202, 422]).toContain(status);
    if (status === 202) ids.push(body.saga_id);
  }
  return ids;
}

/** Texts as reasons, steps, events, fault modes and queries: refused or taken, never a failure. */
async function steer(site: Site, ids: readonly string[]): Promise<void> {
  for (const [index, text] of ATTACK_TEXTS.entries()) {
    const path = `/api/sagas/${ids[index % ids.length]}`;
    const calls = [
      site.call('POST', `${path}/commands`, { command: 'cancel', reason: text }),
      site.call('POST', `${path}/commands`, { command: text, step: text }),
      site.call('POST', `${path}/events`, { id: text, type: text }),
      site.call('PUT', '/api/faults/processPayment', { mode: text, failNext: 1 }),
      site.call('GET', `/api/sagas?q=${encodeURIComponent(text)}&limit=5`),
      site.call('GET', `/api/sagas?type=${encodeURIComponent(text)}`),
    ];
    for (const { status } of await Promise.all(calls)) expect(status).toBeLessThan(500);
  }
}

/** Every route that can be read, for each of some sagas, and the lists searched for some texts. */
function viewsOf(ids: readonly string[]): readonly string[] {
  const readable = routes
    .filter(({ method, path }) => method === 'GET' && !STREAMS.test(path))
    .map(({ path }) => path);
  const looked = ids.slice(0, LOOKED_AT);
  const searched = ATTACK_TEXTS.slice(0, LOOKED_AT).map(
    (text) => `?q=${encodeURIComponent(text)}&type=${encodeURIComponent(text)}`,
  );
  return [
    ...new Set(
      readable.flatMap((path) => {
        if (path.includes(':id')) return looked.map((id) => path.replace(':id', id));
        if (path.includes(':')) return [path.replace(/:[a-z]+/, 'order')];
        return path.endsWith('sagas') ? [path, ...searched.map((query) => path + query)] : [path];
      }),
    ),
  ];
}

/** The body of a view, which must show no text as it came where that would be more than text. */
async function look(site: Site, path: string): Promise<string> {
  const response = await fetch(`${site.url}${path}`, { headers: { accept: 'text/html' } });
  const body = await response.text();
  expect([path, response.status < 500]).toEqual([path, true]);
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  expect(response.headers.get('set-cookie')).toBeNull();
  const type = response.headers.get('content-type') ?? '';
  if (!type.startsWith('text/html')) return body;
  expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
  const shown = ATTACK_TEXTS.filter((text) => ACTIVE.test(text) && body.includes(text));
  expect([path, shown]).toEqual([path, []]);
  return body;
}

/** By hand, because `fetch` does not let anybody lie about host and origin. */
function statusOf(
  site: Site,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(`${site.url}${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
    });
    sent.on('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on('upgrade', (_, socket) => {
      socket.destroy();
      resolve(101);
    });
    sent.on('error', reject);
    sent.end(method === 'POST' || method === 'PUT' ? '{}' : undefined);
  });
}
