/** Connections that say nothing, or not what is spoken here. */
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { type HttpServer, serveHttp2 } from '../../src/restate/http-server.ts';

async function serving(silentMs?: number): Promise<HttpServer> {
  const server = await serveHttp2({
    port: 0,
    host: '127.0.0.1',
    handler: (_, response) => response.end('served'),
    onRefused: () => {},
    ...(silentMs === undefined ? {} : { silentMs }),
  });
  onTestFinished(() => server.end());
  return server;
}

async function connected({ port }: HttpServer): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket.resume();
}

it('ends with its server, though it has said nothing yet', async () => {
  const server = await serving();
  const silent = await connected(server);
  const ended = once(silent, 'end');
  server.end();
  await ended;
  await expect(connected(server)).rejects.toThrow('ECONNREFUSED');
});

it('is cut off where it says nothing for too long, and one of HTTP/2 is not', async () => {
  const server = await serving(50);
  const session = connectHttp2(`http://127.0.0.1:${server.port}`);
  onTestFinished(() => session.destroy());
  await once(session, 'remoteSettings');
  const silent = await connected(server);
  await once(silent, 'end');
  const stream = session.request({ ':path': '/' });
  const [headers] = (await once(stream, 'response')) as [{ readonly ':status'?: number }];
  expect(headers[':status']).toBe(200);
});
