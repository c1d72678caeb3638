import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SECURITY_HEADERS } from '../../src/server/access/security.ts';
import { openFixture, problemIn, type HttpFixture } from './http-fixture.ts';

const TOKEN = '0123456789abcdef0123456789abcdef';
const SECURITY = { allowedHosts: ['localhost'], token: TOKEN };

let http: HttpFixture;
let guarded: HttpFixture;
beforeAll(async () => {
  http = await openFixture();
  guarded = await openFixture({ security: SECURITY });
});
afterAll(() => Promise.all([http.dispose(), guarded.dispose()]));

describe('the host', () => {
  it.each([
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example:3000',
    'localhost.',
    '',
  ])('is refused with 421 when it is %j, on any method and before anything else', async (host) => {
    for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS']) {
      const response = await http.app.request('/api/stats', { method, headers: { host } });
      expect(await problemIn(response)).toEqual([421, 'host-unknown']);
    }
  });

  it.each(['localhost', 'LOCALHOST:3000', '127.0.0.1:1', '[::1]:3000', '[::1]'])(
    'is served as %s',
    async (host) => {
      const response = await http.app.request('/api/stats', { headers: { host } });
      expect(response.status).toBe(200);
    },
  );

  it('is also refused when only the request target names another one', async () => {
    const headers = { host: 'localhost' };
    const response = await http.app.request('http://evil.example/api/stats', { headers });
    expect(response.status).toBe(421);
  });
});

describe('a request from another site', () => {
  const FOREIGN = [
    { origin: 'http://evil.example' },
    { origin: 'http://localhost:9999' },
    { origin: 'http://localhost.evil.example' },
    { origin: 'null' },
    { origin: 'not an origin' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'http://localhost', 'sec-fetch-site': 'cross-site' },
    { origin: 'null', 'sec-fetch-site': 'cross-site' },
    { origin: 'null', 'sec-fetch-site': 'none' },
  ];
  const ROUTES = [
    ['POST', '/api/sagas/order'],
    ['POST', '/sagas/x/commands/cancel'],
    ['PUT', '/api/faults/charge'],
    ['DELETE', '/api/faults'],
  ] as const;

  it.each(FOREIGN)('is refused with 403 whatever its content type: %j', async (origin) => {
    for (const [method, route] of ROUTES) {
      for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded']) {
        const headers = { host: 'localhost', 'content-type': type, ...origin };
        const init = { method, headers, ...(method === 'DELETE' ? {} : { body: '{}' }) };
        const response = await http.app.request(route, init);
        expect(await problemIn(response)).toEqual([403, 'origin-refused']);
      }
    }
  });

  it.each(FOREIGN)('is refused with 403 on an upgrade: %j', async (origin) => {
    const headers = { host: 'localhost', upgrade: 'websocket', connection: 'upgrade', ...origin };
    for (const route of ['/ws/transitions', '/ws/page?page=/services']) {
      const response = await http.app.request(route, { headers });
      expect(await problemIn(response)).toEqual([403, 'origin-refused']);
    }
  });

  it('may read what anybody may read, without CORS headers', async () => {
    const headers = { host: 'localhost', origin: 'http://evil.example' };
    const response = await http.app.request('/api/stats', { headers });
    expect(response.status).toBe(200);
    const names = [...response.headers.keys()];
    expect(names.filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

describe('a request from our own page or from a program', () => {
  it.each([
    {},
    { origin: 'http://localhost:3000', 'sec-fetch-site': 'same-origin' },
    { origin: 'http://localhost:3000' },
    // What a browser sends with a form of a page that has `no-referrer`.
    { origin: 'null', 'sec-fetch-site': 'same-origin' },
  ])('is served: %j', async (origin) => {
    const headers = { host: 'localhost:3000', 'content-type': 'application/json', ...origin };
    const init = { method: 'POST', headers, body: '{}' };
    const response = await http.app.request('/api/sagas/order', init);
    expect(response.status).toBe(400);
  });
});

describe('the token', () => {
  const ROUTES = ['/', '/sagas', '/api/health', '/metrics', '/assets/backstep.css', '/nowhere'];

  it.each(ROUTES)('is required by %s', async (route) => {
    for (const authorization of [undefined, 'Bearer wrong', `Basic ${TOKEN}`, TOKEN, 'Bearer ']) {
      const headers = authorization === undefined ? {} : { authorization };
      const response = await guarded.app.request(route, { headers });
      expect(await problemIn(response)).toEqual([401, 'token-required']);
      expect(response.headers.get('www-authenticate')).toBe('Bearer');
    }
    const headers = { authorization: `Bearer ${TOKEN}` };
    const response = await guarded.app.request(route, { headers });
    expect(response.status).not.toBe(401);
  });

  it('is required by upgrades and by unsafe methods', async () => {
    const headers = { upgrade: 'websocket' };
    expect((await guarded.app.request('/ws/transitions', { headers })).status).toBe(401);
    expect((await guarded.send('POST', '/api/sagas/order', {})).status).toBe(401);
  });
});

describe('every answer', () => {
  it.each([
    ['a page', 'GET', '/sagas', {}],
    ['JSON', 'GET', '/api/stats', {}],
    ['a redirect', 'GET', '/', {}],
    ['a file', 'GET', '/assets/htmx.js', {}],
    ['404', 'GET', '/nowhere', {}],
    ['405', 'PUT', '/api/sagas/order', {}],
    ['421', 'GET', '/sagas', { host: 'evil.example' }],
    ['403', 'POST', '/api/sagas/order', { origin: 'http://evil.example' }],
    ['426', 'GET', '/ws/transitions', {}],
  ])('carries the security headers: %s', async (_, method, route, headers) => {
    const response = await http.app.request(route, { method, headers });
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
      expect(response.headers.get(name)).toBe(value);
    }
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
  });
});
