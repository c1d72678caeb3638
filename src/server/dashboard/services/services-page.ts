/**
 * `/services`: what each participant has, whether it all adds up, and which saga each row is of.
 *
 * The panels come from the composition root; each is live by itself. A list continues by a cursor
 * in the page's address under the panel's id.
 */
import { Hono } from 'hono';
import { queryOf, type HttpContext, type HttpEnv } from '../../context.ts';
import { ORDER_SAGA, type OrderDemo } from '../../../demo/order/order-demo.ts';
import { renderPage, type PageKit } from '../frame/page-frame.ts';
import { region, type Region, type RegionGroup } from '../../live/page-region.ts';
import { textOf } from '../../query.ts';
import { orderPanels, type ServicePanel } from './service-panels.ts';
import { panelContent, servicesPage } from './services-view.ts';
import { invariantBoxes } from './invariants.ts';

const SHOWN_ROWS = 10;
const PANEL_MIN_AGE_MS = 500;
/** The invariants read whole tables and ask the payment provider. */
const INVARIANTS_MIN_AGE_MS = 3_000;
const INVARIANTS_MAX_WAIT_MS = 300;

/** The panels that there are. */
function servicePanels({ demo, services }: HttpContext): readonly ServicePanel[] {
  return [...(demo === null ? [] : orderPanels(demo)), ...services];
}

/** The route, to be mounted at `/`. */
export function servicesRoutes(kit: PageKit): Hono<HttpEnv> {
  const { demo } = kit.context;
  const panels = servicePanels(kit.context);
  return new Hono<HttpEnv>().get('/services', async (c) => {
    const query = queryOf(c);
    const groups = servicesGroups(kit.context, query);
    const live = new URLSearchParams({ view: 'services', ...cursorsOf(panels, query) });
    const spec = { title: 'Services', at: '/services', live: live.toString(), groups } as const;
    const content = { panels, hasInvariants: demo !== null };
    return c.html(await renderPage(kit, spec, (place) => servicesPage(content, place)));
  });
}

/** The live parts of the page. Throws `query-invalid`. */
export function servicesGroups(
  context: HttpContext,
  query: URLSearchParams,
): readonly RegionGroup[] {
  const panels = servicePanels(context);
  const cursors = cursorsOf(panels, query);
  const groups = panels.map((panel): RegionGroup => {
    const cursor = cursors[panel.id] ?? null;
    return {
      key: `service-${panel.id} ${cursor ?? ''}`,
      minAgeMs: PANEL_MIN_AGE_MS,
      render: async () => {
        const content = await panel.read({ limit: SHOWN_ROWS, cursor });
        return [await region(`service-${panel.id}`, panelContent(panel, content, cursor !== null))];
      },
    };
  });
  return context.demo === null ? groups : [invariantGroup(context, context.demo), ...groups];
}

/** The boxes that say whether stock, money and mails add up. */
export function invariantGroup(context: HttpContext, demo: OrderDemo): RegionGroup {
  return {
    key: 'order-invariants',
    minAgeMs: INVARIANTS_MIN_AGE_MS,
    maxWaitMs: INVARIANTS_MAX_WAIT_MS,
    render: () => invariantRegions(context, demo),
  };
}

async function invariantRegions(
  { backstep }: HttpContext,
  demo: OrderDemo,
): Promise<readonly Region[]> {
  const invariants = await demo.invariants();
  const counts = await backstep.read.statusCounts(ORDER_SAGA);
  // A dead letter is also something that is not settled between the books.
  const isAtRest =
    counts.running + counts.waiting + counts.compensating + counts.compensation_failed === 0;
  return [await region('invariants', invariantBoxes(invariants, isAtRest))];
}

function cursorsOf(
  panels: readonly ServicePanel[],
  query: URLSearchParams,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    panels.flatMap(({ id }) => {
      const cursor = textOf(query, id);
      return cursor === null ? [] : [[id, cursor]];
    }),
  );
}
