import { upgradeWebSocket } from '@hono/node-server';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { HttpEnv } from '../../../src/server/http-env.ts';
import { LiveClients } from '../../../src/server/live/live-clients.ts';
import { startServer } from '../../../src/server/listening-server.ts';
import { serveSocket } from '../../../src/server/live/socket-client.ts';

describe('the list of live clients', () => {
  it('has room for as many as it is told', () => {
    const clients = new LiveClients(2);
    const first = clients.add(client());
    clients.add(client());
    expect(() => clients.requireRoom()).toThrow(/2 live clients/);
    expect(clients.add(client())).toBeNull();
    first?.();
    expect(() => clients.requireRoom()).not.toThrow();
    expect(clients.figures().clients).toBe(1);
  });

  it('drops a client that does not answer, and only that one', async () => {
    const clients = new LiveClients();
    const dropped: string[] = [];
    clients.add({ isAlive: () => true, drop: () => dropped.push('alive') });
    clients.add({ isAlive: () => false, drop: () => dropped.push('dead') });
    await clients.round();
    await clients.round();
    expect(dropped).toEqual(['dead']);
    expect(clients.figures().clients).toBe(1);
  });

  it('drops whoever came in with a session that has ended, and nobody else', async () => {
    const ended = new Set<string>();
    const clients = new LiveClients(9, async (session) => {
      if (session === 'unknown') throw new Error('the database is away');
      return ended.has(session);
    });
    const dropped: string[] = [];
    for (const session of ['mine', 'mine', 'theirs', 'unknown', '']) {
      clients.add({ isAlive: () => true, drop: () => dropped.push(session), session });
    }
    await clients.round();
    expect(dropped).toEqual([]);
    ended.add('mine').add('');
    await clients.round();
    expect(dropped).toEqual(['mine', 'mine']);
    expect(clients.figures().clients).toBe(3);
  });
});

describe('a served socket', () => {
  it('is pinged, kept while it answers, and cut off when it does not', async () => {
    const clients = new LiveClients();
    const opened = Promise.withResolvers<void>();
    const stopped = Promise.withResolvers<void>();
    const app = new Hono<HttpEnv>().get(
      '/',
      upgradeWebSocket((c) =>
        serveSocket(c, { clients }, () => {
          opened.resolve();
          return () => stopped.resolve();
        }),
      ),
    );
    const server = await startServer(app, { host: '127.0.0.1', port: 0 });
    const deaf = new WebSocket(server.url.replace('http', 'ws'), { autoPong: false });
    const pinged = new Promise((resolve) => deaf.once('ping', resolve));
    const closed = new Promise((resolve) => deaf.once('close', resolve));
    await opened.promise;
    await clients.round();
    await pinged;
    expect(clients.figures().clients).toBe(1);
    await clients.round();
    expect(await closed).toBe(1006);
    await stopped.promise;
    expect(clients.figures().clients).toBe(0);
    await server.close();
  });
});

function client() {
  return { isAlive: () => true, drop() {} };
}
