/**
 * Renders whole pages: the frame, what is live on every page, and the page's own groups.
 *
 * A page names its view, which `WS /ws/page` serves under the same name, and the groups of that
 * view; the banner of active faults comes with every page.
 */
import { html } from 'hono/html';
import { type HttpContext, isProviderStopped } from '../../context.ts';
import type { PageHub } from '../../live/page-hub.ts';
import { contentOf, region, type RegionGroup } from '../../live/page-region.ts';
import { faultsBanner } from '../../../demo/lab/fault-panel.ts';
import type { Html } from './html.ts';
import { FAULTS_BANNER, layout, type NavigationPath, type PageFrame, places } from './layout.ts';

/** What every page is rendered with. */
export interface PageKit {
  readonly context: HttpContext;
  readonly hub: PageHub;
  /** Called whenever a page was rendered. */
  onLook(): void;
}

export interface PageSpec {
  readonly title: string;
  /** Where it belongs in the navigation; `null`: nowhere. */
  readonly at: NavigationPath | null;
  /** The query that its socket asks for, `view` included; `null`: not live. */
  readonly live: string | null;
  readonly groups: readonly RegionGroup[];
}

/** What the frame says about this process. */
type FrameContext = Pick<HttpContext, 'demo' | 'faults' | 'isReadOnly' | 'hasLogin' | 'nowMs'>;

/** A page whose content puts its regions, by element id, in their places. */
export async function renderPage(
  { context, hub, onLook }: PageKit,
  { title, at, live, groups }: PageSpec,
  content: (region: (id: string) => Html) => Html,
): Promise<Html> {
  const regions = await hub.regions([...groups, bannerGroup(context)]);
  const place = places(contentOf(regions));
  const { isReadOnly, hasLogin } = context;
  const banner = place(FAULTS_BANNER);
  const nowMs = context.nowMs();
  const frame = { title, at, has: partsOf(context), isReadOnly, hasLogin, nowMs, live, banner };
  onLook();
  return layout(frame, content(place));
}

/** A page that says one thing, for answers to forms sent without script and for errors. */
export function messagePage(context: FrameContext, title: string, content: Html): Html {
  const { demo, isReadOnly, hasLogin } = context;
  const frame = {
    title,
    at: null,
    has: partsOf(context),
    isReadOnly,
    hasLogin,
    nowMs: context.nowMs(),
    live: null,
    banner: html``,
  };
  return layout(
    frame,
    html`<h1>${title}</h1>
      ${content}
      <p>
        <a href="/">To the overview</a>, <a href="/sagas">to the sagas</a>${
          demo === null ? '' : html`, <a href="/saga">to the orders</a>`
        }.
      </p>`,
  );
}

function partsOf({ demo, faults }: Pick<HttpContext, 'demo' | 'faults'>): PageFrame['has'] {
  return { demo: demo !== null, faults: faults !== null };
}

/** What is live on every page. */
export function bannerGroup(context: Pick<HttpContext, 'faults' | 'provider'>): RegionGroup {
  const { faults } = context;
  return {
    key: 'banner',
    minAgeMs: 100,
    render: async () => [
      await region(
        FAULTS_BANNER,
        faults === null ? html`` : faultsBanner(faults.list(), await isProviderStopped(context)),
      ),
    ],
  };
}
