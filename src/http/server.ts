/**
 * The server process around the app: listens, upgrades, bounds what a connection may take, closes.
 *
 * Must never hold a connection that does not speak. Invariant: after `close` no socket is left.
 */
import { once } from 'node:events';
import { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer, type WebSocketServerLike } from '@hono/node-server';
import type { Hono } from 'hono';
import { WebSocketServer } from 'ws';
import { BackstepError } from '../core/errors.ts';
import type { HttpEnv } from './context.ts';
import { noteConnection } from './feed-sinks.ts';

/** Longest wait for the headers, for a whole request, and for the next one. */
const DEFAULT_TIMEOUTS: Timeouts = { headersMs: 10_000, requestMs: 30_000, keepAliveMs: 5_000 };
/** Timeouts are looked at this often within the shortest of them. */
const CHECKS_PER_TIMEOUT = 5;
const MAX_HEADER_BYTES = 16 * 1024;
const MAX_CONNECTIONS = 2_000;
/** Longest frame taken from a WebSocket client. */
const MAX_FRAME_BYTES = 16 * 1024;
/** How long `close` waits for answers under way. */
const CLOSE_GRACE_MS = 3_000;
const IDLE_SWEEP_MS = 20;

export interface Timeouts {
  readonly headersMs: number;
  readonly requestMs: number;
  readonly keepAliveMs: number;
}

export interface ListenOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Default 10 s for the headers, 30 s for a request, 5 s for the next one. */
  readonly timeouts?: Timeouts;
}

export interface RunningServer {
  /** Such as `http://127.0.0.1:3000`. */
  readonly url: string;
  readonly port: number;
  /** Lets answers under way end, closes live clients. Idempotent. */
  close(): Promise<void>;
}

/**
 * Resolves once it listens. Throws `unavailable` with one sentence when the address is taken or
 * may not be used.
 */
export async function startServer(
  app: Hono<HttpEnv>,
  { host, port, timeouts = DEFAULT_TIMEOUTS }: ListenOptions,
): Promise<RunningServer> {
  const stopping = new AbortController();
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
  });
  sockets.on('connection', (socket, { socket: connection }) => noteConnection(socket, connection));
  if (!isUpgradeTarget(sockets)) throw new Error('the WebSocket server must not listen by itself');
  const server = createAdaptorServer({
    // The same object goes on: the upgrade is handed over through it.
    fetch: (request, env) => app.fetch(request, Object.assign(env, { stopping: stopping.signal })),
    websocket: { server: sockets },
    serverOptions: {
      headersTimeout: timeouts.headersMs,
      requestTimeout: timeouts.requestMs,
      keepAliveTimeout: timeouts.keepAliveMs,
      connectionsCheckingInterval: timeouts.headersMs / CHECKS_PER_TIMEOUT,
      maxHeaderSize: MAX_HEADER_BYTES,
      // Any other upgrade is answered as the plain request that it also is.
      shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
    },
  });
  if (!(server instanceof Server)) throw new Error('not an HTTP/1 server');
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, host, port);

  const address = server.address() as AddressInfo; // a listening TCP server has no other kind
  let closing: Promise<void> | null = null;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    port: address.port,
    close: () => (closing ??= closeServer(server, sockets, stopping)),
  };
}

// The two packages differ only in whether an option may be given as undefined.
function isUpgradeTarget(
  sockets: WebSocketServer,
): sockets is WebSocketServer & WebSocketServerLike {
  return sockets.options.noServer === true;
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (cause) {
    throw new BackstepError('unavailable', listenProblem(cause, host, port), { cause });
  }
}

function listenProblem(cause: unknown, host: string, port: number): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : null;
  switch (code) {
    case 'EADDRINUSE':
      return `port ${port} on ${host} is in use: stop the other program or set PORT to another one`;
    case 'EACCES':
      return `port ${port} on ${host} may not be used by this user: set PORT above 1023`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `HOST ${host} is no address of this machine`;
    default:
      return `cannot listen on ${host}, port ${port}`;
  }
}

async function closeServer(
  server: Server,
  sockets: WebSocketServer,
  stopping: AbortController,
): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  stopping.abort();
  for (const socket of sockets.clients) socket.close(1001, 'the server stops');
  // A connection falls idle when its last answer ends, which may be later.
  const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS);
  const force = setTimeout(() => {
    for (const socket of sockets.clients) socket.terminate();
    server.closeAllConnections();
  }, CLOSE_GRACE_MS);
  await closed;
  clearTimeout(force);
  clearInterval(sweep);
}
