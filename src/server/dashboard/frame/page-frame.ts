/**
 * Renders whole pages: the frame, what is live on every page, and the page's own live parts.
 *
 * The banner of extensions comes with every page. A page's socket names the page by its path and
 * asks with the query that its groups were asked with.
 */
import { html } from 'hono/html';
import type { HttpContext } from '../../context.ts';
import type { PageHub } from '../../live/page-hub.ts';
import { contentOf, region, type RegionGroup } from '../../live/page-region.ts';
import type { Page } from '../../page.ts';
import type { Html } from './html.ts';
import { BANNER, layout, type NavigationEntry, places } from './layout.ts';

/** The query parameter by which a socket names its page. */
export const PAGE_PARAMETER = 'page';
const BANNER_MIN_AGE_MS = 100;

/** What whole pages are rendered with. */
export interface PageFrame {
  /** A page as it stands at an address, and its status. */
  render(
    page: Page,
    query: URLSearchParams,
    server: string,
  ): Promise<{ readonly content: Html; readonly status: 200 | 404 }>;
  /** A page that says one thing, for answers to forms sent without script and for errors. */
  message(title: string, content: Html): Html;
}

/** The frame around these pages. `onLook` is called whenever one was rendered. */
export function createFrame(
  context: HttpContext,
  hub: PageHub,
  pages: readonly Page[],
  onLook: () => void,
): PageFrame {
  const { isReadOnly, hasLogin, nowMs } = context;
  const navigation = navigationOf(pages);
  const shared = { navigation, isReadOnly, hasLogin };
  return {
    async render(page, query, server) {
      const view = 'look' in page ? await page.look(query, server) : page;
      const asked = view.query ?? query;
      const regions = await hub.regions([...page.groups(asked), bannerGroup(context)]);
      const place = places(contentOf(regions));
      const frame = {
        ...shared,
        title: view.title,
        at: page.under ?? page.path,
        nowMs: nowMs(),
        live: view.isLive === false ? null : socketQuery(page, asked),
        banner: place(BANNER),
      };
      onLook();
      return { content: layout(frame, view.content(place)), status: view.status ?? 200 };
    },
    message(title, content) {
      const frame = { ...shared, title, at: null, nowMs: nowMs(), live: null, banner: html`` };
      return layout(
        frame,
        html`<h1>${title}</h1>
          ${content}
          <p><a href="/">To the overview</a>, <a href="/sagas">to the sagas</a>.</p>`,
      );
    },
  };
}

/** What the socket of a page asks for. */
export function socketQuery({ path }: Pick<Page, 'path'>, query: URLSearchParams): string {
  const asked = new URLSearchParams(query);
  asked.set(PAGE_PARAMETER, path);
  return asked.toString();
}

/** What is live on every page. */
export function bannerGroup({
  backstep,
  extensions,
}: Pick<HttpContext, 'backstep' | 'extensions'>): RegionGroup {
  return {
    key: 'banner',
    minAgeMs: BANNER_MIN_AGE_MS,
    render: async () => {
      const banners = extensions.flatMap((extension) => extension.banner?.() ?? []);
      const health = backstep.health();
      const standby = health.kind === 'standby' ? standbyBanner(health.owner) : '';
      const lost = 'undeliveredAlerts' in health ? (health.undeliveredAlerts ?? 0) : 0;
      const undelivered = lost === 0 ? '' : alertsBanner(lost);
      return [await region(BANNER, html`${standby}${undelivered}${banners}`)];
    },
  };
}

function alertsBanner(count: number): Html {
  const what = count === 1 ? 'An alert does not arrive' : `${count} alerts do not arrive`;
  return html`<p class="tone-warn">
    <span class="icon" aria-hidden="true">!</span> <strong>${what}:</strong>
    <a href="/alerts">see which, and why</a>.
  </p>`;
}

/** `owner`: who has the database, where that is known. */
function standbyBanner(owner: string | null): Html {
  const who = owner === null ? 'another process' : html`<code>${owner}</code>`;
  return html`<p class="tone-calm">
    <span class="icon" aria-hidden="true">○</span> <strong>This process is a standby:</strong>
    ${who} owns the database and runs the sagas. What you order here is done by it; should it end,
    this one takes over.
  </p>`;
}

/** In the order of the pages, but for those that say which one they follow. */
function navigationOf(pages: readonly Page[]): readonly NavigationEntry[] {
  const shown = pages.filter(({ nav }) => nav !== undefined);
  const ordered = shown.filter(({ navAfter }) => navAfter === undefined);
  for (const page of shown.filter(({ navAfter }) => navAfter !== undefined)) {
    const before = ordered.findIndex(({ path }) => path === page.navAfter);
    ordered.splice(before === -1 ? ordered.length : before + 1, 0, page);
  }
  return ordered.map(({ path, nav = '' }) => ({ path, label: nav }));
}
