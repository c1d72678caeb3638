/**
 * `/definitions` and `/definitions/{type}`: what is registered, how it is drawn, how many sagas run
 * under each version, and whether it compensates.
 */
import { html } from 'hono/html';
import type { SagaDefinition } from '../../../core/define/definition.ts';
import type { VersionGap } from '../../../host/versions/version-gaps.ts';
import type { ChartLayouts } from '../chart/chart-layout.ts';
import type { HttpContext } from '../../context.ts';
import { region, type RegionGroup } from '../../live/page-region.ts';
import type { Page } from '../../page.ts';
import { countingNumberOf } from '../../query.ts';
import { definitionOf, requireDefinition, typesOf, versionsOf } from '../../saga-lookup.ts';
import type { Verifications } from '../../verifications.ts';
import { drawn } from '../chart/chart-drawing.ts';
import { chartLookOf } from '../chart/chart-look.ts';
import {
  countInWords,
  definitionList,
  definitionPage,
  gapNote,
  type ShownDefinition,
  unregisteredNote,
  verdict,
} from './definition-views.ts';
import { startForm, startRoutes } from '../forms/start-form.ts';
import { pageHead } from '../frame/layout.ts';

const COUNTS_MIN_AGE_MS = 1_000;
/** A verdict never changes; the group is rendered again only because groups are. */
const VERDICT_MIN_AGE_MS = 500;

/** All definitions. */
export function createDefinitionsPage(context: HttpContext): Page {
  const groups = listGroups(context);
  return {
    path: '/definitions',
    title: 'Definitions',
    nav: 'Definitions',
    groups: () => groups,
    content: (place) =>
      html`${pageHead(
          'Definitions',
          'What can run here. The drawing is what runs; verify explores its outcomes.',
        )}
        <section aria-label="Definitions">
          <div id="definition-list">${place('definition-list')}</div>
        </section>`,
  };
}

/** One definition: the newest version, or the one that is asked for. */
export function createDefinitionPage(
  context: HttpContext,
  layouts: ChartLayouts,
  verifications: Verifications,
): Page {
  const chosen = (query: URLSearchParams): SagaDefinition =>
    requireDefinition(
      context.backstep,
      query.get('type') ?? '',
      countingNumberOf(query, 'version') ?? undefined,
    );
  return {
    path: '/definitions/:type',
    under: '/definitions',
    groups: (query) => pageGroups(context, verifications, chosen(query)),
    look: async (query) => {
      const one = chosen(query);
      const { id: type, version } = one;
      const all = await shownDefinitions(context);
      const versions = all.filter((shown) => shown.definition.id === type);
      const shown = versions.find((each) => each.definition === one);
      const chart = await drawn(context, layouts, one, chartLookOf(query, ['type']));
      const isStartable = shown?.isNewest === true && !context.isReadOnly;
      const page = {
        shown: shown ?? { definition: one, isNewest: true, count: undefined },
        versions,
        chart,
        start: isStartable ? startForm(one) : null,
      };
      return {
        title: `${type} v${version}`,
        query: new URLSearchParams({ type, version: String(version) }),
        content: (place) => definitionPage(page, place),
      };
    },
    actions: startRoutes(context),
  };
}

function listGroups(context: HttpContext): readonly RegionGroup[] {
  return [
    {
      key: 'definitions',
      minAgeMs: COUNTS_MIN_AGE_MS,
      render: async () => {
        const counts = await context.backstep.read.versionCounts();
        const definitions = await shownDefinitions(context);
        const gaps = gapsOf(context);
        const isOf = (type: string, version: number) => (each: VersionGap) =>
          each.type === type && each.version === version;
        const stranded = counts.filter(
          ({ type, version }) =>
            !gaps.some(isOf(type, version)) &&
            !definitions.some(
              ({ definition }) => definition.id === type && definition.version === version,
            ),
        );
        const notes = html`${gapNote(gaps)} ${unregisteredNote(stranded)}`;
        return [await region('definition-list', html`${notes} ${definitionList(definitions)}`)];
      },
    },
  ];
}

function pageGroups(
  context: HttpContext,
  verifications: Verifications,
  definition: SagaDefinition,
): readonly RegionGroup[] {
  const key = `${definition.version} ${definition.id}`;
  return [
    {
      key: `definition-counts ${key}`,
      minAgeMs: COUNTS_MIN_AGE_MS,
      render: async () => {
        const all = await shownDefinitions(context);
        const shown = all.find((each) => each.definition === definition);
        const count = shown === undefined ? html`` : countInWords(shown);
        return [await region('definition-counts', count)];
      },
    },
    {
      key: `definition-verdict ${key}`,
      minAgeMs: VERDICT_MIN_AGE_MS,
      render: async () => [
        await region('definition-verdict', verdict(verifications.known(definition))),
      ],
    },
  ];
}

function gapsOf({ backstep }: HttpContext): readonly VersionGap[] {
  const health = backstep.health();
  return 'versionGaps' in health ? (health.versionGaps ?? []) : [];
}

async function shownDefinitions({ backstep }: HttpContext): Promise<readonly ShownDefinition[]> {
  const counts = await backstep.read.versionCounts();
  return typesOf(backstep)
    .toSorted((one, other) => one.localeCompare(other))
    .flatMap((id) => versionsOf(backstep, id))
    .map((definition) => ({
      definition,
      isNewest: definition === definitionOf(backstep, definition.id),
      count: counts.find(
        ({ type, version }) => type === definition.id && version === definition.version,
      ),
    }));
}
