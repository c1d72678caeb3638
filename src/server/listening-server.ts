/**
 * The server process around the app: listens, upgrades, bounds what a connection may take, closes.
 *
 * Must never hold a connection that does not speak. Invariant: after `close` no socket is left.
 */
import { once } from 'node:events';
import { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import { BackstepError } from '../core/errors.ts';
import type { HttpEnv } from './http-env.ts';
import { closeSockets, createSockets, cutSockets, type Sockets } from './sockets.ts';
import { addressesIn } from './access/client-address.ts';
import { Connections } from './access/connections.ts';
import { HttpProblem, problemOf, problemResponse } from './error-response.ts';

/** Longest wait for the headers, for a whole request, and for the next one. */
const DEFAULT_TIMEOUTS: Timeouts = {
  headersMs: 10_000,
  requestMs: 30_000,
  keepAliveMs: 5_000,
  writeMs: 15_000,
};
/** Timeouts are looked at this often within the shortest of them. */
const CHECKS_PER_TIMEOUT = 5;
const MAX_HEADER_BYTES = 16 * 1024;
const MAX_CONNECTIONS = 2_000;
/** Of them from one address, unless told otherwise: a busy program may have very many. */
const CONNECTIONS_PER_ADDRESS = 1_900;
/** What is told on spare connections too. */
const HEALTH_PATH = '/api/health';
/** How long `close` waits for answers under way. */
const CLOSE_GRACE_MS = 3_000;
const IDLE_SWEEP_MS = 20;

export interface Timeouts {
  readonly headersMs: number;
  readonly requestMs: number;
  readonly keepAliveMs: number;
  /** How long nothing of an answer may leave. */
  readonly writeMs: number;
}

export interface ListenOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Default 10 s for the headers, 30 s for a request, 5 s for the next one, 15 s for an answer. */
  readonly timeouts?: Partial<Timeouts>;
  /** Default 1,900 of 2,000. */
  readonly connectionsPerAddress?: number;
  /** Proxies, which may have more. Default: none. */
  readonly trustedProxies?: readonly string[];
}

export interface RunningServer {
  /** Such as `http://127.0.0.1:3000`. */
  readonly url: string;
  readonly port: number;
  /** Connections that are served now. */
  connections(): number;
  /** Lets answers under way end, closes live clients. Idempotent. */
  close(): Promise<void>;
}

/**
 * Resolves once it listens. Throws `unavailable` with one sentence when the address is taken or
 * may not be used.
 */
export async function startServer(
  app: Hono<HttpEnv>,
  { host, port, trustedProxies = [], ...options }: ListenOptions,
): Promise<RunningServer> {
  const timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
  const stopping = new AbortController();
  const sockets = createSockets((connection) => connections.release(connection));
  const server = createAdaptorServer({
    // The same object goes on: the upgrade is handed over through it.
    fetch: (request, env) =>
      mayAsk(connections, request, env)
        ? app.fetch(request, Object.assign(env, { stopping: stopping.signal }))
        : noPlace(),
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
  const connections = new Connections(server, {
    most: MAX_CONNECTIONS,
    perAddress: options.connectionsPerAddress ?? CONNECTIONS_PER_ADDRESS,
    isExempt: addressesIn(trustedProxies),
    writeMs: timeouts.writeMs,
  });
  await listen(server, host, port);

  const address = server.address() as AddressInfo; // a listening TCP server has no other kind
  let closing: Promise<void> | null = null;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    port: address.port,
    connections: () => connections.served,
    close: () => (closing ??= closeServer(server, sockets, stopping)),
  };
}

/** On a spare connection only the server's health is told. */
function mayAsk(connections: Connections, { url }: Request, env: unknown): boolean {
  const incoming: unknown = Reflect.get(Object(env), 'incoming');
  const socket: unknown = Reflect.get(Object(incoming), 'socket');
  return !connections.isSpare(socket) || new URL(url).pathname.endsWith(HEALTH_PATH);
}

function noPlace(): Response {
  const detail = 'This server has no place for a further connection just now.';
  const answer = problemResponse(problemOf(new HttpProblem('connections-full', detail)));
  answer.headers.set('connection', 'close');
  return answer;
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
  sockets: Sockets,
  stopping: AbortController,
): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  stopping.abort();
  closeSockets(sockets);
  // A connection falls idle when its last answer ends, which may be later.
  const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS);
  const force = setTimeout(() => {
    cutSockets(sockets);
    server.closeAllConnections();
  }, CLOSE_GRACE_MS);
  await closed;
  clearTimeout(force);
  clearInterval(sweep);
}
