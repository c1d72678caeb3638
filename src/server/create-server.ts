/**
 * The server as a library: the health, the figures, the API, the feed, the dashboard and the
 * inspectors of an engine, to be mounted in any HTTP server of Node.
 *
 * Must never let others in by accident: it serves this machine's own names only, unless told
 * otherwise, and then it wants a token or a program's own means.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import { BackstepError } from '../core/errors.ts';
import { check } from '../core/options-reader.ts';
import type { Backstep } from '../host/backstep.ts';
import { clientsBehind } from './access/client-address.ts';
import type { Authorize, SecurityOptions } from './access/security.ts';
import { createApp } from './app.ts';
import type { Fact } from './environment.ts';
import type { ExtensionSource } from './extension.ts';
import type { HttpEnv, HttpLogger } from './http-env.ts';
import { isBelow, mountedAt } from './mounted.ts';
import { SERVER_OPTIONS } from './server-option-kinds.ts';
import { closeSockets, createSockets, cutSockets } from './sockets.ts';

/** The names of this machine, as its own programs call it. */
const LOOPBACK_NAMES: readonly string[] = ['127.0.0.1', 'localhost', '[::1]'];
const NO_PLACE = 'HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';
/** How long `stop` waits for WebSocket clients to close. */
const CLOSE_GRACE_MS = 3_000;

/** What `createServer` takes. */
export interface ServerOptions {
  /** The engine that is shown and commanded. */
  readonly backstep: Backstep;
  /** The path below which everything is, such as `/ops`. Default: the root. */
  readonly prefix?: string;
  /**
   * A random text of at least 32 characters that everybody needs: people log in with it, programs
   * send it as `Authorization: Bearer`. Default: none.
   */
  readonly token?: string | null;
  /**
   * Instead of a token: lets a request in under a name for the audit, which may be empty; `null`
   * answers 401. Asked for every request. Default: none.
   */
  readonly authorize?: Authorize;
  /**
   * Names, without scheme and port, under which clients reach the server beside those of this
   * machine. With any of them a `token` or `authorize` must be given. Default: none.
   */
  readonly allowedHosts?: readonly string[];
  /** True: nothing can be changed from outside. Default false. */
  readonly readOnly?: boolean;
  /** Addresses and networks of proxies whose `X-Forwarded-For` is believed. Default: none. */
  readonly trustedProxies?: readonly string[];
  /** Of each client; five seconds' worth may come at once. `null`: unbounded. Default 2,000. */
  readonly requestsPerSecond?: number | null;
  /** Live feeds and pages at a time. Default 200. */
  readonly maxClients?: number;
  /** Whether events that an inspector sends reach the sagas. Default false. */
  readonly inspectorsMaySend?: boolean;
  /** Pages, panels, routes of the program's own. Default: none. */
  readonly extensions?: readonly ExtensionSource[];
  /** A pino logger or the like. Default: nothing is logged. */
  readonly logger?: HttpLogger;
  /** Lines of the log that could not be written, for `/metrics`. Default: none. */
  readonly lostLogLines?: () => number;
  /** How the program was set up, without secrets, for the debug page. Default: nothing. */
  readonly settings?: readonly Fact[];
}

/** A server of `node:http`, or one that tells of upgrades as that does. */
export interface UpgradingServer {
  on(
    event: 'upgrade',
    listener: (request: IncomingMessage, socket: Duplex, head: Buffer) => void,
  ): unknown;
  listenerCount(event: 'upgrade'): number;
}

/** A server that is not bound to a port. */
export interface BackstepServer {
  /** All of it, for a Hono app: `app.route('/', server.app)`. */
  readonly app: Hono<HttpEnv>;
  /**
   * Answers a request of `node:http`, or of what is built on it. It reads the body itself, so it
   * comes before whatever parses bodies.
   */
  handle(request: IncomingMessage, response: ServerResponse): void;
  /**
   * Opens WebSockets below the prefix on a server that listens; other upgrades are left to others.
   * Not for a Hono server that has a `websocket` of its own: that opens them already.
   */
  attach(server: UpgradingServer): void;
  /**
   * Ends live clients and extensions; what listens is the program's own to close.
   * Idempotent.
   */
  stop(): Promise<void>;
}

/**
 * Creates the server of an engine, which may be started before or after. Throws `input-invalid` with
 * one sentence for what it does not take.
 */
export function createServer(options: ServerOptions): BackstepServer {
  check(options, SERVER_OPTIONS, 'createServer', 'input-invalid');
  const { backstep, prefix = '', ...rest } = options;
  const app = createApp({ ...rest, backstep, prefix, security: securityOf(options) });
  app.start();
  const mounted = mountedAt(prefix, app.hono);
  const sockets = createSockets();
  // Never listens: what comes to the program's own server is handed on to it.
  const inner = createAdaptorServer({
    fetch: mounted.fetch,
    websocket: { server: sockets },
  });
  let stopped: Promise<void> | null = null;
  return {
    app: mounted,
    handle(request, response) {
      // Express takes off the path that it mounts at.
      if ('originalUrl' in request) request.url = String(request.originalUrl);
      inner.emit('request', request, response);
    },
    attach(server) {
      server.on('upgrade', (request, socket, head) => {
        if (isBelow(prefix, request.url ?? '')) inner.emit('upgrade', request, socket, head);
        else if (server.listenerCount('upgrade') === 1) socket.end(NO_PLACE);
      });
    },
    stop() {
      closeSockets(sockets);
      setTimeout(() => cutSockets(sockets), CLOSE_GRACE_MS).unref();
      return (stopped ??= app.stop());
    },
  };
}

function securityOf(options: ServerOptions): SecurityOptions {
  const { token = null, authorize, allowedHosts = [], trustedProxies = [] } = options;
  clientsBehind(trustedProxies); // refuses what is no network, before anything is begun
  const others = allowedHosts.map((name) => name.toLowerCase());
  const isOpen = others.some((name) => !isOwnName(name));
  if (isOpen && token === null && authorize === undefined) {
    const message =
      `createServer: allowedHosts has ${others.find((name) => !isOwnName(name)) ?? ''}, ` +
      'which others can reach; give a token or authorize';
    throw new BackstepError('input-invalid', message);
  }
  if (token !== null && authorize !== undefined) {
    const message = 'createServer: give either a token or authorize, not both';
    throw new BackstepError('input-invalid', message);
  }
  return {
    allowedHosts: [...LOOPBACK_NAMES, ...others],
    token,
    ...(authorize === undefined ? {} : { authorize }),
    isReadOnly: options.readOnly === true,
    trustedProxies,
    ...(options.requestsPerSecond === undefined
      ? {}
      : { requestsPerSecond: options.requestsPerSecond }),
  };
}

/** True for a name or address that only this machine has. */
export function isOwnName(name: string): boolean {
  return LOOPBACK_NAMES.includes(name) || name === '::1' || /^127(\.\d{1,3}){3}$/.test(name);
}
