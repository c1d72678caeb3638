/**
 * `/services`: what each participant has, whether it all adds up, and which saga each row is of.
 *
 * The panels come from extensions; each is live by itself. A list continues by a cursor in the
 * page's address under the panel's id.
 */
import type { HttpContext } from '../../context.ts';
import { region, type RegionGroup } from '../../live/page-region.ts';
import type { Page } from '../../page.ts';
import { textOf } from '../../query.ts';
import { invariantGroups } from './invariant-group.ts';
import type { Panel } from './panel.ts';
import { panelContent, servicesPage } from './services-view.ts';

const SHOWN_ROWS = 10;
const MIN_AGE_MS = 500;

/** The page. It is in the navigation where there is something to see. */
export function createServicesPage(context: Pick<HttpContext, 'extensions'>): Page {
  const panels = context.extensions.flatMap((extension) => extension.panels ?? []);
  const invariants = invariantGroups(context);
  const isEmpty = panels.length + invariants.length === 0;
  return {
    path: '/services',
    title: 'Services',
    ...(isEmpty ? {} : { nav: 'Services' }),
    groups: (query) => [
      ...invariants,
      ...panels.map((panel) => panelGroup(panel, textOf(query, panel.id))),
    ],
    content: (place) => servicesPage({ panels, hasInvariants: invariants.length > 0 }, place),
  };
}

function panelGroup(panel: Panel, cursor: string | null): RegionGroup {
  const id = `service-${panel.id}`;
  return {
    key: `${id} ${cursor ?? ''}`,
    minAgeMs: MIN_AGE_MS,
    render: async () => {
      const content = await panel.read({ limit: SHOWN_ROWS, cursor });
      return [await region(id, panelContent(panel, content, cursor !== null))];
    },
  };
}
