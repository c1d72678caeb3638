/** What one client may take of the server, and a server that only shows. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { startServer } from '../../src/server/listening-server.ts';
import { TokenBuckets } from '../../src/server/access/token-buckets.ts';
import { type HttpFixture, openFixture, problemIn } from './http-fixture.ts';

const SECURITY = { allowedHosts: ['localhost', '127.0.0.1'], token: null };

let http: HttpFixture;
afterEach(() => http.dispose());

describe('a client that asks too much', () => {
  it('is told when to come back, and nobody else is', async () => {
    let nowMs = 0;
    http = await openFixture({
      security: { ...SECURITY, requestsPerSecond: 2 },
      nowMs: () => nowMs,
    });
    const ask = async (address: string) =>
      http.app.request('/api/health', {}, { incoming: { socket: { remoteAddress: address } } });
    for (let count = 0; count < 10; count += 1) expect((await ask('192.0.2.1')).status).toBe(200);
    const refused = await ask('192.0.2.1');
    expect(await problemIn(refused)).toEqual([429, 'too-many-requests']);
    expect(refused.headers.get('retry-after')).toBe('1');
    // The same client, written as a mapped address.
    expect((await ask('::ffff:192.0.2.1')).status).toBe(429);
    expect((await ask('192.0.2.2')).status).toBe(200);
    nowMs += 500;
    expect((await ask('192.0.2.1')).status).toBe(200);
    expect((await ask('192.0.2.1')).status).toBe(429);
  });

  it('is not bounded when the bound is off', async () => {
    http = await openFixture({ security: { ...SECURITY, requestsPerSecond: null } });
    const many = Array.from({ length: 300 }, () => http.send('GET', '/api/health'));
    const statuses = new Set((await Promise.all(many)).map(({ status }) => status));
    expect([...statuses]).toEqual([200]);
  });

  it('cannot make the server remember clients without end, nor win by a clock set back', async () => {
    http = await openFixture();
    const buckets = new TokenBuckets({ capacity: 1, perSecond: 1 });
    expect(buckets.take('first', 5_000)).toBe(0);
    expect(buckets.take('first', 1_000)).toBe(1_000);
    for (let count = 0; count < 10_000; count += 1) buckets.take(`other ${count}`, 1_000);
    expect(buckets.take('first', 1_000)).toBe(0); // forgotten, so full again
  });
});

describe('a client that is slow', () => {
  const timeouts = { headersMs: 200, requestMs: 400, keepAliveMs: 200 };

  it.each([
    ['does not end its headers', 'GET /api/health HTTP/1.1\r\nHost: localhost\r\nX-Slow: '],
    [
      'does not end its body',
      'POST /saga/execute HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
        'Content-Length: 100\r\n\r\n{"order_id"',
    ],
    ['says nothing at all', ''],
  ])('is cut off when it %s', async (_, text) => {
    http = await openFixture();
    const server = await startServer(http.app, { host: '127.0.0.1', port: 0, timeouts });
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => {}); // a reset is as good an end
    socket.resume();
    await once(socket, 'connect');
    socket.write(text);
    await once(socket, 'close');
    expect((await fetch(`${server.url}/api/health`)).status).toBe(200);
    await server.close();
  });
});

describe('a read-only server', () => {
  it('shows everything and changes nothing', async () => {
    http = await openFixture({ security: { ...SECURITY, isReadOnly: true } });
    const id = await http.settledOrder('a');
    for (const [method, path] of [
      ['POST', '/api/sagas/order'],
      ['POST', `/api/sagas/${id}/commands`],
      ['POST', `/api/sagas/${id}/events`],
      ['POST', '/api/bulk'],
      ['POST', `/sagas/${id}/commands/cancel`],
      ['PUT', '/api/faults/charge'],
      ['DELETE', '/api/faults'],
      ['POST', '/api/faults/crash'],
    ] as const) {
      const response = await http.send(method, path, method === 'DELETE' ? undefined : {});
      expect(await problemIn(response)).toEqual([403, 'read-only']);
    }
    for (const path of ['/sagas', '/api/sagas', `/api/sagas/${id}`, '/api/stats', '/metrics']) {
      expect((await http.send('GET', path)).status).toBe(200);
    }
  });

  it('still lets people log in', async () => {
    const token = '0123456789abcdef0123456789abcdef';
    http = await openFixture({ security: { ...SECURITY, token, isReadOnly: true } });
    const body = new URLSearchParams({ token });
    const answer = await http.app.request('/login', { method: 'POST', body });
    expect(answer.status).toBe(303);
  });
});
