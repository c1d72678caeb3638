/**
 * The edge of a server that is mounted under a prefix: takes the prefix off what comes in and puts
 * it before every address that goes out. Behind it nobody knows that there is one.
 *
 * Invariant: an address of ours begins with one `/`. What leads elsewhere is written with its host
 * and is left alone. Texts cannot be mistaken for addresses: in HTML their quotes are escaped.
 */
import { Hono } from 'hono';
import type { HttpEnv } from './http-env.ts';

/** The attributes of our pages that hold addresses. */
const ADDRESS =
  /\b(href|src|action|formaction|hx-get|hx-post|hx-ws:connect|data-socket)="\/(?!\/)/g;
/** The headers of our answers that do. */
const ADDRESS_HEADERS = ['location', 'hx-redirect', 'hx-replace-url'];

/** The app below the prefix, such as `/ops`; the app itself where that is empty. */
export function mountedAt(prefix: string, app: Hono<HttpEnv>): Hono<HttpEnv> {
  if (prefix === '') return app;
  const outer = new Hono<HttpEnv>();
  for (const path of [prefix, `${prefix}/*`]) {
    outer.all(path, async (c) => {
      const inside = new Request(withoutPrefix(c.req.url, prefix), c.req.raw);
      return completed(await app.fetch(inside, c.env), prefix);
    });
  }
  return outer;
}

/** HTML with whole addresses. */
export function completeHtml(html: string, prefix: string): string {
  return prefix === '' ? html : html.replace(ADDRESS, `$1="${prefix}/`);
}

/** True for the target of a request to a server below the prefix. */
export function isBelow(prefix: string, target: string): boolean {
  if (!target.startsWith(prefix)) return false;
  return prefix === '' || /^(?:$|[/?#])/.test(target.slice(prefix.length));
}

function withoutPrefix(address: string, prefix: string): URL {
  const url = new URL(address);
  url.pathname = url.pathname.slice(prefix.length) || '/';
  return url;
}

async function completed(answer: Response, prefix: string): Promise<Response> {
  const isHtml = answer.headers.get('content-type')?.startsWith('text/html') === true;
  const named = ADDRESS_HEADERS.filter((name) => /^\/(?!\/)/.test(answer.headers.get(name) ?? ''));
  // As it came: whoever opens a WebSocket knows the answer by itself.
  if (!isHtml && named.length === 0) return answer;
  const headers = new Headers(answer.headers);
  for (const name of named) headers.set(name, `${prefix}${answer.headers.get(name) ?? ''}`);
  const body = isHtml ? completeHtml(await answer.text(), prefix) : answer.body;
  return new Response(body, { status: answer.status, headers });
}
