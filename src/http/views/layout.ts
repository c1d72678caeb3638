/**
 * The frame of every page: head, header, footer. No inline script and no inline style: the CSP
 * forbids both.
 */
import { html } from 'hono/html';
import type { Html } from './html.ts';

/** htmx without what the CSP forbids; going back loads the page anew. */
const HTMX_CONFIG = '{"includeIndicatorCSS":false,"history":"reload","extensions":"ws"}';

/** A whole page. */
export function layout(title: string, content: Html): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="htmx-config" content="${HTMX_CONFIG}" />
        <title>${title} – Backstep</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="/assets/backstep.css" />
        <script src="/assets/backstep.js" defer></script>
        <script src="/assets/htmx.js" defer></script>
      </head>
      <body>
        <a class="skip" href="#main">Skip to the content</a>
        <header class="top">
          <a class="brand" href="/saga"><span aria-hidden="true">↶</span> Backstep</a>
          <p id="live-state" class="live-state" role="status">not live: reload to refresh</p>
        </header>
        <main id="main">${content}</main>
      </body>
    </html>`;
}

/** A page that says one thing, for answers to forms sent without script. */
export function messagePage(title: string, content: Html): Html {
  return layout(
    title,
    html`<h1>${title}</h1>
      ${content}
      <p><a href="/saga">Back to the orders</a></p>`,
  );
}
