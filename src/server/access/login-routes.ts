/**
 * `/login` and `/logout`: how a person with a browser comes in where a token is required.
 *
 * Must never put the token into an answer, a cookie or an address.
 */
import { type Context, Hono } from 'hono';
import { setCookie } from 'hono/cookie';
import { serve, stylesheet } from '../assets.ts';
import { readForm } from '../body.ts';
import { redactText } from '../../core/secrets/redact.ts';
import { type HttpContext, queryOf } from '../context.ts';
import type { HttpEnv } from '../http-env.ts';
import { tooMany } from '../error-response.ts';
import type { Gatekeeper } from './gatekeeper.ts';
import {
  MAX_OPERATOR_LENGTH,
  SESSION_COOKIE,
  SESSION_SECONDS,
  sessionNamedIn,
} from './sessions.ts';
import { loginPage } from './login-page.ts';

export const LOGIN_PATH = '/login';
export const LOGOUT_PATH = '/logout';
const STYLESHEET_PATH = '/login/backstep.css';

/** What everybody may ask for: no more than it takes to log in and out. */
export const PUBLIC_PATHS: ReadonlySet<string> = new Set([
  LOGIN_PATH,
  LOGOUT_PATH,
  STYLESHEET_PATH,
]);

/** Logs in and out, with whole paths; everybody may call them. */
export function loginRoutes(
  gatekeeper: Gatekeeper,
  { clients, nowMs, prefix }: Pick<HttpContext, 'clients' | 'nowMs' | 'prefix'>,
): Hono<HttpEnv> {
  const style = stylesheet();
  return new Hono<HttpEnv>()
    .get(STYLESHEET_PATH, (c) => serve(c, style))
    .get(LOGIN_PATH, (c) => c.html(loginPage({ next: ownPath(queryOf(c).get('next')) })))
    .post(LOGIN_PATH, async (c) => {
      const form = await readForm(c.req.raw);
      const next = ownPath(form.get('next') ?? null);
      const name = redactText((form.get('name') ?? '').trim().slice(0, MAX_OPERATOR_LENGTH));
      const verdict = gatekeeper.check(form.get('token') ?? '', c.var.client, nowMs());
      switch (verdict.kind) {
        case 'blocked':
          throw tooMany('Too many wrong tokens came from this client.', verdict.retryAfterMs);
        case 'unknown':
          return c.html(loginPage({ next, name, problem: 'This is not the token.' }), 401);
        case 'known': {
          keep(c, prefix, gatekeeper.issue({ operator: name }, nowMs()), SESSION_SECONDS);
          return c.redirect(next, 303);
        }
      }
    })
    .post(LOGOUT_PATH, async (c) => {
      const cookie = sessionNamedIn(c);
      keep(c, prefix, '', 0);
      const ended = gatekeeper.end(cookie, nowMs());
      clients.endSession(cookie);
      await ended;
      // A socket may have been on its way in when the session still was open.
      clients.endSession(cookie);
      return c.redirect(LOGIN_PATH, 303);
    });
}

/**
 * The address of the login page that leads to an address of ours, or to the start page.
 * `prefix`: what an address that a browser named begins with.
 */
export function loginAddress(address: string | null, prefix = ''): string {
  if (address === null || !URL.canParse(address)) return LOGIN_PATH;
  const { pathname, search } = new URL(address);
  if (!pathname.startsWith(`${prefix}/`)) return LOGIN_PATH;
  const next = redactText(`${pathname.slice(prefix.length)}${search}`);
  return next === '/' ? LOGIN_PATH : `${LOGIN_PATH}?next=${encodeURIComponent(next)}`;
}

function keep(c: Context, prefix: string, value: string, maxAge: number): void {
  // Behind a proxy that speaks TLS the cookie stays there.
  const secure = c.req.header('x-forwarded-proto') === 'https';
  setCookie(c, SESSION_COOKIE, value, {
    httpOnly: true,
    sameSite: 'Strict',
    path: prefix || '/',
    maxAge,
    secure,
  });
}

/** A path of ours to go to after the login; anything that could lead elsewhere is the start page. */
function ownPath(given: string | null): string {
  return given !== null && /^\/(?![/\\])[\x21-\x7e]*$/.test(given) && !given.includes('\\')
    ? redactText(given)
    : '/';
}
