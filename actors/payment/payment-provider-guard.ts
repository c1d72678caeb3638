/**
 * Whom the payment provider answers: programs of this machine that ask it by its own name, and no
 * page that another site has opened in a browser.
 *
 * Must never decide by an address alone: a page of another site reaches loopback too.
 */
import type { MiddlewareHandler } from 'hono';

const OWN_NAMES: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** Why a request is refused, in the provider's own words. */
export interface Refusal {
  readonly status: 403 | 415 | 421;
  readonly code: string;
  readonly detail: string;
}

/** Refuses by `answer` what comes from elsewhere, or changes something without saying it is JSON. */
export function guardProvider(answer: (refusal: Refusal) => Response): MiddlewareHandler {
  return async (c, next) => {
    const refusal = refusalOf(c.req.raw);
    if (refusal !== null) return answer(refusal);
    await next();
  };
}

function refusalOf({ method, headers, url }: Request): Refusal | null {
  const host = headers.get('host') ?? '';
  if (!OWN_NAMES.has(nameIn(host)) || !OWN_NAMES.has(nameIn(new URL(url).host))) {
    return { status: 421, code: 'host-unknown', detail: 'this host name is not served here' };
  }
  const site = headers.get('sec-fetch-site');
  const isOwnSite = site === null || site === 'same-origin' || site === 'none';
  if (!isOwnSite || headers.has('origin')) {
    return { status: 403, code: 'origin-refused', detail: 'pages are not served here' };
  }
  const isChange = method !== 'GET' && method !== 'HEAD' && method !== 'DELETE';
  if (isChange && !/^application\/json(?:\s*;|$)/i.test(headers.get('content-type') ?? '')) {
    return { status: 415, code: 'media-type-unsupported', detail: 'a body must be JSON' };
  }
  return null;
}

function nameIn(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, '');
}
