import { connect } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startServer, type RunningServer } from '../../src/server/listening-server.ts';
import { openFixture, type HttpFixture, isoTime, textLike } from './http-fixture.ts';
import { openSocket } from './live/live-socket.ts';

let http: HttpFixture;
let server: RunningServer;
beforeEach(async () => {
  http = await openFixture({ maxClients: 3, onDisk: true });
  server = await startServer(http.app, { host: '127.0.0.1', port: 0 });
});
afterEach(async () => {
  await server.close();
  await http.dispose();
});

const ws = (path: string): string => server.url.replace('http', 'ws') + path;

describe('the server', () => {
  it('says in one line that its port is in use', async () => {
    const second = startServer(http.app, { host: '127.0.0.1', port: server.port });
    await expect(second).rejects.toMatchObject({
      code: 'unavailable',
      message: textLike(/^port \d+ on 127\.0\.0\.1 is in use: [^\n]+$/),
    });
  });

  it('says in one line that its address is none of this machine', async () => {
    const second = startServer(http.app, { host: '192.0.2.1', port: 0 });
    await expect(second).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('closes live clients and stops listening, once and for all', async () => {
    const client = await openSocket(ws('/ws/transitions'));
    const events = await fetch(`${server.url}/api/transitions`);
    await Promise.all([server.close(), server.close()]);
    expect(await client.closed).toBe(1001);
    expect(await events.text()).toBe('');
    await expect(fetch(server.url)).rejects.toThrow('fetch failed');
  });

  it('answers another kind of upgrade as the plain request it also is', async () => {
    const answer = await raw(
      'GET /api/health HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  });

  it.each([
    ['a foreign host', 'Host: evil.example\r\n', 421],
    ['a foreign host on an upgrade', `Host: evil.example\r\n${UPGRADE}`, 421],
    ['a foreign origin on an upgrade', `Host: localhost\r\nOrigin: http://e\r\n${UPGRADE}`, 403],
    [
      'an upgrade that is named and not asked for',
      'Host: localhost\r\nUpgrade: websocket\r\n',
      426,
    ],
    ['headers without end', `Host: localhost\r\n${'X: y\r\n'.repeat(5_000)}`, 431],
  ])('refuses %s', async (_, headers, status) => {
    const answer = await raw(`GET /ws/transitions HTTP/1.1\r\n${headers}\r\n`);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });

  it('refuses a body that never ends with 413 and closes the connection', async () => {
    const head =
      'POST /api/sagas/order HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
      'Transfer-Encoding: chunked\r\n\r\n';
    const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`;
    expect(await raw(head + chunk.repeat(6))).toMatch(/^HTTP\/1\.1 413 /);
  });
});

/** The cursor of that position, whatever the epoch. */
const at = (position: number): unknown =>
  expect.stringMatching(new RegExp(`^[\\w-]{8}\\.${position}$`));

describe('GET /api/transitions', () => {
  it('takes no place of a live client from who asks for its head only', async () => {
    for (let count = 0; count < 5; count += 1) {
      const head = await fetch(`${server.url}/api/transitions`, { method: 'HEAD' });
      expect([head.status, head.headers.get('content-type')]).toEqual([
        200,
        'text/event-stream; charset=utf-8',
      ]);
    }
    const { live } = (await (await http.send('GET', '/api/stats')).json()) as {
      readonly live: { readonly clients: number };
    };
    expect(live.clients).toBe(0);
  });

  it('sends events with ids, from a cursor on', async () => {
    await http.settledOrder('sse');
    const response = await fetch(`${server.url}/api/transitions?since=1`);
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(await firstEvents(response, 2)).toMatchObject([
      { id: at(2), data: { cursor: at(2), seq: 2, type: 'order' } },
      { id: at(3), data: { cursor: at(3), seq: 3, status: 'completed' } },
    ]);
  });

  it('goes on after the last event that the client names', async () => {
    await http.settledOrder('sse');
    const headers = { 'last-event-id': '2' };
    const response = await fetch(`${server.url}/api/transitions`, { headers });
    expect(await firstEvents(response, 1)).toMatchObject([{ id: at(3) }]);
  });

  it('frees its place when the client leaves', async () => {
    for (let round = 0; round < 10; round += 1) {
      await http.settledOrder('sse');
      const response = await fetch(`${server.url}/api/transitions?since=0`);
      await firstEvents(response, 1);
      while ((await liveClients()) > 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await liveClients()).toBe(0);
  });
});

describe('WS /ws/transitions', () => {
  it('sends one message per committed transition, in order', async () => {
    const client = await openSocket(ws('/ws/transitions'), { origin: server.url });
    const id = await http.settledOrder('live');
    await client.until((texts) => texts.length >= 3);
    expect(client.texts.map((text): unknown => JSON.parse(text))).toMatchObject([
      {
        cursor: at(1),
        saga: id,
        type: 'order',
        seq: 1,
        kind: 'transition',
        cause: 'start',
        from: null,
        to: 'forward.reserve.running',
        status: 'running',
        time: isoTime(),
      },
      { cursor: at(2), seq: 2 },
      { cursor: at(3), seq: 3, status: 'completed' },
    ]);
    client.socket.terminate();
  });

  it.each(['since=x', 'since=-1', 'since=1.5', 'since=999999', 'since=', 'status=bogus'])(
    'refuses %s with 400, before the upgrade',
    async (query) => {
      await expect(openSocket(ws(`/ws/transitions?${query}`))).rejects.toThrow('400');
      expect((await fetch(`${server.url}/api/transitions?${query}`)).status).toBe(400);
    },
  );

  it('refuses with 503 more clients than configured, and takes them when there is room', async () => {
    const clients = await Promise.all([1, 2, 3].map(() => openSocket(ws('/ws/transitions'))));
    await expect(openSocket(ws('/ws/transitions'))).rejects.toThrow('503');
    await expect(openSocket(ws('/ws/page?page=/services'))).rejects.toThrow('503');
    const refused = await fetch(`${server.url}/api/transitions`);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('1');
    clients[0]?.socket.close();
    await clients[0]?.closed;
    while ((await liveClients()) > 2) await new Promise((resolve) => setImmediate(resolve));
    clients.push(await openSocket(ws('/ws/transitions')));
    for (const { socket } of clients) socket.terminate();
  });

  it('closes a client that sends a frame that is too large, or too many, or bad UTF-8', async () => {
    const large = await openSocket(ws('/ws/transitions'));
    large.socket.send('x'.repeat(17 * 1024));
    expect(await large.closed).toBe(1009);
    const flood = await openSocket(ws('/ws/transitions'));
    for (let count = 0; count <= 100; count += 1) flood.socket.send('x');
    expect(await flood.closed).toBe(1008);
    const garbled = await openSocket(ws('/ws/transitions'));
    garbled.socket.send(Buffer.from([0xff, 0xfe]), { binary: false });
    expect(await garbled.closed).toBe(1007);
    expect((await fetch(`${server.url}/api/health`)).status).toBe(200);
  });

  it('is 426 without an upgrade', async () => {
    const response = await fetch(`${server.url}/ws/transitions`);
    expect(response.status).toBe(426);
  });
});

const UPGRADE =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

/** Sends bytes and reads until the other side is done or has said its status. */
async function raw(bytes: string): Promise<string> {
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => {}); // the server may close while we still write
  socket.write(bytes);
  const [first] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return first.toString('latin1');
}

async function firstEvents(response: Response, count: number): Promise<readonly unknown[]> {
  const events: unknown[] = [];
  let text = '';
  const stream: ReadableStream<Uint8Array> | null = response.body;
  for await (const chunk of stream ?? []) {
    text += new TextDecoder().decode(chunk);
    const parts = text.split('\n\n');
    text = parts.pop() ?? '';
    for (const part of parts) {
      const match = /^id: (\S+)\ndata: (.*)$/.exec(part);
      if (match === null) continue;
      const data: unknown = JSON.parse(match[2] ?? '');
      events.push({ id: match[1], data });
    }
    if (events.length >= count) break;
  }
  return events.slice(0, count);
}

async function liveClients(): Promise<number> {
  const stats = (await (await fetch(`${server.url}/api/stats`)).json()) as {
    live: { clients: number };
  };
  return stats.live.clients;
}
