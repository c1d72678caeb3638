/**
 * Who may talk to this server: host, rate, origin, identity, in this order, before any route runs.
 * And the headers that every answer carries.
 *
 * Must never answer with CORS headers, and never decide by content type. Upgrades go through here
 * like any other request.
 */
import type { Context, MiddlewareHandler } from 'hono';
import { getCookie } from 'hono/cookie';
import { clientsBehind } from './client-address.ts';
import type { HttpContext } from '../context.ts';
import type { HttpEnv } from '../http-env.ts';
import { HttpProblem, tooMany } from '../error-response.ts';
import type { Gatekeeper } from './gatekeeper.ts';
import { LOGIN_PATH, LOGOUT_PATH, PUBLIC_PATHS } from './login-routes.ts';
import { redactText } from '../../core/secrets/redact.ts';
import { MAX_OPERATOR_LENGTH, SESSION_COOKIE } from './sessions.ts';
import { TokenBuckets } from './token-buckets.ts';

export interface SecurityOptions {
  /** Host names without port, lower case; `[::1]` in brackets. Any port is accepted. */
  readonly allowedHosts: readonly string[];
  /** Required from everybody, by login or as `Authorization: Bearer`; `null` only on loopback. */
  readonly token: string | null;
  /**
   * Instead of a token: lets a request in under a name for the audit, which may be empty; `null`
   * refuses it. Default: everybody who has the token.
   */
  readonly authorize?: Authorize;
  /** Addresses and networks of proxies whose `X-Forwarded-For` is believed. Default: none. */
  readonly trustedProxies?: readonly string[];
  /** True: nothing can be changed from outside. Default false. */
  readonly isReadOnly?: boolean;
  /** For each client; five seconds' worth may come at once. `null`: unbounded. Default 2,000. */
  readonly requestsPerSecond?: number | null;
}

/** Who sends a request, by a program's own means; `null`: nobody who may. */
export type Authorize = (request: Request) => string | null | Promise<string | null>;

/** The headers of every answer. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

/** Of pictures that may be looked at by themselves, and bring their look along. */
export const PICTURE_TYPE = 'image/svg+xml';
const PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
const DEFAULT_REQUESTS_PER_SECOND = 2_000;
const BURST_SECONDS = 5;

/** Sets the headers on whatever answer comes out, errors included. */
export function securityHeaders(): MiddlewareHandler {
  return async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) c.res.headers.set(name, value);
    const isPicture = c.res.headers.get('content-type') === PICTURE_TYPE;
    if (isPicture) c.res.headers.set('content-security-policy', PICTURE_POLICY);
    if (!c.res.headers.has('cache-control')) c.res.headers.set('cache-control', 'no-store');
  };
}

/** Lets a request through or throws the `HttpProblem` that refuses it, below the `prefix`. */
export function guard(
  { allowedHosts, isReadOnly = false, trustedProxies = [], ...options }: SecurityOptions,
  gatekeeper: Gatekeeper | null,
  { nowMs, prefix }: Pick<HttpContext, 'nowMs' | 'prefix'>,
): MiddlewareHandler<HttpEnv> {
  const hosts = new Set(allowedHosts);
  const clientOf = clientsBehind(trustedProxies);
  const { requestsPerSecond = DEFAULT_REQUESTS_PER_SECOND, authorize } = options;
  const requests =
    requestsPerSecond === null
      ? null
      : new TokenBuckets({
          capacity: requestsPerSecond * BURST_SECONDS,
          perSecond: requestsPerSecond,
        });
  return async (c, next) => {
    const { method, headers, url } = c.req.raw;
    const urlHost = new URL(url).host;
    const host = (headers.get('host') ?? urlHost).toLowerCase();
    // An absolute request target may name another host than the header; both must be ours.
    if (!hosts.has(hostName(host)) || !hosts.has(hostName(urlHost))) {
      throw new HttpProblem('host-unknown', 'This host name is not served here.');
    }
    c.set('client', clientOf(c));
    const waitMs = requests?.take(c.var.client, nowMs()) ?? 0;
    if (waitMs > 0) throw tooMany('This client sends too many requests.', waitMs);
    const isUnsafe = !SAFE_METHODS.has(method);
    if (isUnsafe || headers.has('upgrade')) checkOrigin(headers, host);
    c.set('operator', '');
    c.set('session', '');
    if (gatekeeper !== null && !PUBLIC_PATHS.has(c.req.path)) {
      c.set('operator', await identify(c, gatekeeper, nowMs(), prefix));
    }
    if (authorize !== undefined) c.set('operator', await operatorOf(c.req.raw, authorize));
    if (isReadOnly && isUnsafe && c.req.path !== LOGIN_PATH && c.req.path !== LOGOUT_PATH) {
      throw new HttpProblem('read-only', 'This server only shows; nothing can be changed here.');
    }
    await next();
  };
}

async function identify(
  c: Context<HttpEnv>,
  gatekeeper: Gatekeeper,
  nowMs: number,
  prefix: string,
): Promise<string> {
  const cookie = getCookie(c, SESSION_COOKIE);
  const authorization = c.req.raw.headers.get('authorization');
  const verdict = await gatekeeper.identify(cookie, authorization, c.var.client, nowMs);
  switch (verdict.kind) {
    case 'known':
      if (verdict.isByCookie === true) c.set('session', cookie ?? '');
      return verdict.session.operator;
    case 'blocked':
      throw tooMany('Too many wrong tokens came from this client.', verdict.retryAfterMs);
    case 'unknown':
      throw new HttpProblem(
        'token-required',
        authorization === null
          ? `Log in at ${prefix}${LOGIN_PATH}, or send the token as Authorization: Bearer.`
          : 'That is not the token of this server.',
        { 'www-authenticate': 'Bearer' },
      );
  }
}

async function operatorOf(request: Request, authorize: Authorize): Promise<string> {
  const name = await authorize(request);
  if (name !== null) return redactText(name.slice(0, MAX_OPERATOR_LENGTH));
  throw new HttpProblem('token-required', 'Log in to the program that this server belongs to.');
}

/**
 * Programs that are no browser send neither header. A browser sends `Origin: null` with the posts
 * of our own pages because they carry `no-referrer`; `Sec-Fetch-Site`, which no page can set, then
 * tells ours from others.
 */
function checkOrigin(headers: Headers, host: string): void {
  const origin = headers.get('origin');
  const site = headers.get('sec-fetch-site');
  const isOwnSite = site === 'same-origin' || site === 'none';
  const isOwnOrigin =
    origin === null || originHost(origin) === host || (origin === 'null' && site === 'same-origin');
  if (isOwnOrigin && (site === null || isOwnSite)) return;
  throw new HttpProblem('origin-refused', 'Requests from other sites are not accepted.');
}

function originHost(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}

/** The name in `name:port`, brackets of an IPv6 address kept. */
function hostName(host: string): string {
  return host.replace(/:\d*$/, '');
}
