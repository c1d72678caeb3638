/**
 * Renders whole pages: the frame, what is live on every page, and the page's own groups.
 *
 * A page names its view, which `WS /ws/page` serves under the same name, and the groups of that
 * view; the banner of active faults comes with every page.
 */
import { html } from 'hono/html';
import type { HttpContext } from './context.ts';
import type { PageHub } from './page-hub.ts';
import { contentOf, region, type RegionGroup } from './page-region.ts';
import { faultsBanner } from './views/fault-panel.ts';
import type { Html } from './views/html.ts';
import { FAULTS_BANNER, layout, type NavigationPath, places } from './views/layout.ts';

/** What every page is rendered with. */
export interface PageKit {
  readonly context: HttpContext;
  readonly hub: PageHub;
}

export interface PageSpec {
  readonly title: string;
  /** Where it belongs in the navigation; `null`: nowhere. */
  readonly at: NavigationPath | null;
  /** The query that its socket asks for, `view` included; `null`: not live. */
  readonly live: string | null;
  readonly groups: readonly RegionGroup[];
}

/** A page whose content puts its regions, by element id, in their places. */
export async function renderPage(
  { context, hub }: PageKit,
  { title, at, live, groups }: PageSpec,
  content: (region: (id: string) => Html) => Html,
): Promise<Html> {
  const regions = await hub.regions([...groups, bannerGroup(context)]);
  const place = places(contentOf(regions));
  const has = { demo: context.demo !== null, faults: context.faults !== null };
  const frame = { title, at, has, nowMs: context.nowMs(), live, banner: place(FAULTS_BANNER) };
  return layout(frame, content(place));
}

/** A page that says one thing, for answers to forms sent without script and for errors. */
export function messagePage(
  { demo, faults, nowMs }: Pick<HttpContext, 'demo' | 'faults' | 'nowMs'>,
  title: string,
  content: Html,
): Html {
  const frame = {
    title,
    at: null,
    has: { demo: demo !== null, faults: faults !== null },
    nowMs: nowMs(),
    live: null,
    banner: html``,
  };
  return layout(
    frame,
    html`<h1>${title}</h1>
      ${content}
      <p>
        <a href="${demo === null ? '/sagas' : '/saga'}"
          >${demo === null ? 'To the sagas' : 'Back to the orders'}</a
        >
      </p>`,
  );
}

/** What is live on every page. */
export function bannerGroup({ faults }: Pick<HttpContext, 'faults'>): RegionGroup {
  return {
    key: 'banner',
    minAgeMs: 100,
    render: async () => [
      await region(FAULTS_BANNER, faults === null ? html`` : faultsBanner(faults.list())),
    ],
  };
}
