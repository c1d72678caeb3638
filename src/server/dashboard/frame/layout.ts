/**
 * The frame of every page: head, navigation, banner, content. No inline script
 * and no inline style: the CSP forbids both.
 */
import { html, raw } from 'hono/html';
import type { Html } from './html.ts';

/**
 * htmx without what the CSP forbids; going back loads the page anew; an update leaves open what a
 * person opened.
 */
const HTMX_CONFIG = JSON.stringify({
  includeIndicatorCSS: false,
  history: 'reload',
  extensions: 'ws',
  morphIgnore: ['data-htmx-powered', 'open'],
});

/** A page that one can go to from everywhere. */
export interface NavigationEntry {
  readonly path: string;
  readonly label: string;
}

/** The element id of the region, on every page, that holds the banners of extensions. */
export const BANNER = 'banner';

/** What a page is beside its content. */
export interface FrameParts {
  readonly title: string;
  readonly navigation: readonly NavigationEntry[];
  /** The path of the navigation where the page belongs; `null`: nowhere. */
  readonly at: string | null;
  /** No command is taken here, and every page says so. */
  readonly isReadOnly: boolean;
  /** Whoever looks came in by a login. */
  readonly hasLogin: boolean;
  /** When the page was rendered, so that the browser's clock need not be right. */
  readonly nowMs: number;
  /** The query of the page's socket; `null`: the page is not live. */
  readonly live: string | null;
  /** The content of the banner's region. */
  readonly banner: Html;
}

/** A whole page. */
export function layout(frame: FrameParts, content: Html): Html {
  return html`<!doctype html>
    <html lang="en" data-now="${frame.nowMs}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="htmx-config" content="${HTMX_CONFIG}" />
        <title>${frame.title} – Backstep</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="/assets/backstep.css" />
        <script src="/assets/backstep.js" defer></script>
        <script src="/assets/htmx.js" defer></script>
      </head>
      <body>
        <a class="skip" href="#main">Skip to the content</a>
        <header class="top">
          <a class="brand" href="/"><span aria-hidden="true">↶</span> Backstep</a>
          ${navigationBar(frame)} ${frame.live === null ? '' : liveState()}
          ${frame.hasLogin ? logOut() : ''}
        </header>
        ${frame.isReadOnly ? readOnlyBanner() : ''}
        <div id="${BANNER}" class="banner" role="status">${frame.banner}</div>
        <main id="main" tabindex="-1">
          ${frame.live === null ? '' : liveSocket(frame.live)} ${content}
        </main>
      </body>
    </html>`;
}

/** The element that holds the page's socket; replacing it changes what the page follows. */
export function liveSocket(query: string): Html {
  return html`<div id="live" hidden hx-ws:connect="/ws/page?${query}" hx-swap="none"></div>`;
}

/** What is shown where there is nothing to show: what it means, and what to do about it. */
export function emptyState(title: string, hint: Html | string): Html {
  return html`<div class="empty-state">
    <p><strong>${title}</strong></p>
    <p>${hint}</p>
  </div>`;
}

/** The head of a page: its name, and what one can do there. */
export function pageHead(title: string, lead: Html | string = '', aside: Html = html``): Html {
  return html`<div class="page-head">
    <div>
      <h1>${title}</h1>
      ${lead === '' ? '' : html`<p class="lead">${lead}</p>`}
    </div>
    ${aside}
  </div>`;
}

/** The regions of a page, rendered, as places to put into its content. */
export function places(regions: ReadonlyMap<string, string>): (id: string) => Html {
  // Regions are output of `html`: already escaped.
  return (id) => html`${raw(regions.get(id) ?? '')}`;
}

function navigationBar({ at, navigation }: FrameParts): Html {
  return html`<nav class="pages" aria-label="Pages">
    <ul>
      ${navigation.map(
        ({ path, label }) =>
          html`<li>
            <a href="${path}" ${path === at ? html`aria-current="page"` : ''}>${label}</a>
          </li>`,
      )}
    </ul>
  </nav>`;
}

// A link would let any page that is visited log people out: GET never changes anything.
function logOut(): Html {
  return html`<form class="log-out" method="post" action="/logout">
    <button type="submit">Log out</button>
  </form>`;
}

function readOnlyBanner(): Html {
  return html`<div class="banner">
    <p class="tone-calm">
      <span class="icon" aria-hidden="true">○</span> <strong>Read only:</strong> this server shows
      everything and changes nothing.
    </p>
  </div>`;
}

function liveState(): Html {
  return html`<p id="live-state" class="live-state" role="status">not live: reload to refresh</p>`;
}
