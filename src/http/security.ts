/**
 * Who may talk to this server: host, origin, token, in this order, before any route runs. And the
 * headers that every answer carries.
 *
 * Must never answer with CORS headers, and never decide by content type. Upgrades go through here
 * like any other request.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { HttpProblem } from './error-response.ts';

export interface SecurityOptions {
  /** Host names without port, lower case; `[::1]` in brackets. Any port is accepted. */
  readonly allowedHosts: readonly string[];
  /** Required from everybody as `Authorization: Bearer`; `null` only on loopback. */
  readonly token: string | null;
}

/** The headers of every answer. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Sets the headers on whatever answer comes out, errors included. */
export function securityHeaders(): MiddlewareHandler {
  return async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) c.res.headers.set(name, value);
    if (!c.res.headers.has('cache-control')) c.res.headers.set('cache-control', 'no-store');
  };
}

/** Lets a request through or throws the `HttpProblem` that refuses it. */
export function guard({ allowedHosts, token }: SecurityOptions): MiddlewareHandler {
  const hosts = new Set(allowedHosts);
  const expected = token === null ? null : digest(token);
  return async (c, next) => {
    const { method, headers, url } = c.req.raw;
    const urlHost = new URL(url).host;
    const host = (headers.get('host') ?? urlHost).toLowerCase();
    // An absolute request target may name another host than the header; both must be ours.
    if (!hosts.has(hostName(host)) || !hosts.has(hostName(urlHost))) {
      throw new HttpProblem('host-unknown', 'This host name is not served here.');
    }
    const isUpgrade = headers.has('upgrade');
    if (isUpgrade || !SAFE_METHODS.has(method)) checkOrigin(headers, host);
    if (expected !== null && !carries(headers, expected)) {
      throw new HttpProblem('token-required', 'Send the token as Authorization: Bearer.', {
        'www-authenticate': 'Bearer',
      });
    }
    await next();
  };
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

function carries(headers: Headers, expected: Buffer): boolean {
  const given = /^Bearer +(\S+)$/i.exec(headers.get('authorization') ?? '')?.[1];
  // Digests have one length, so that the comparison tells nothing about the token.
  return given !== undefined && timingSafeEqual(digest(given), expected);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
