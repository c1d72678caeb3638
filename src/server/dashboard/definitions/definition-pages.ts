/**
 * `/definitions` and `/definitions/{type}`: what is registered, how it is drawn, how many sagas run
 * under each version, and whether it compensates.
 */
import { Hono } from 'hono';
import { html } from 'hono/html';
import type { SagaDefinition } from '../../../core/define/definition.ts';
import { BackstepError } from '../../../core/errors.ts';
import type { Verification } from '../../../verify/verify.ts';
import type { VersionGap } from '../../../runtime/upkeep/version-gaps.ts';
import type { ChartLayouts } from '../chart/chart-layout.ts';
import { queryOf, type HttpContext, type HttpEnv } from '../../context.ts';
import { renderPage, type PageKit } from '../frame/page-frame.ts';
import { region, type PageView, type RegionGroup } from '../../live/page-region.ts';
import { badQuery, textOf } from '../../query.ts';
import type { Verifications } from '../../api/verifications.ts';
import { chartSvg } from '../chart/chart-svg.ts';
import {
  countInWords,
  definitionList,
  definitionPage,
  gapNote,
  type ShownDefinition,
  unregisteredNote,
  verdict,
} from './definition-views.ts';
import type { Html } from '../frame/html.ts';
import { pageHead } from '../frame/layout.ts';

const COUNTS_MIN_AGE_MS = 1_000;
/** A verdict never changes; the group is rendered again only because groups are. */
const VERDICT_MIN_AGE_MS = 500;

/** The live parts of both pages, for their socket. */
export function definitionView(context: HttpContext, verdicts: Verdicts): PageView {
  return (query) => {
    const type = textOf(query, 'type');
    return type === null
      ? listGroups(context)
      : pageGroups(context, verdicts, chosenOf(context, type, versionOf(query)));
  };
}

/** The routes, to be mounted at `/definitions`. */
export function definitionPages(
  kit: PageKit,
  layouts: ChartLayouts,
  verdicts: Verdicts,
): Hono<HttpEnv> {
  const { context } = kit;
  return new Hono<HttpEnv>()
    .get('/', async (c) => {
      const spec = { title: 'Definitions', at: '/definitions' as const, live: 'view=definitions' };
      const page = await renderPage(
        kit,
        { ...spec, groups: listGroups(context) },
        (place) =>
          html`${pageHead(
              'Definitions',
              'What can run here. The drawing is what runs; verify explores its outcomes.',
            )}
            <section aria-label="Definitions">
              <div id="definition-list">${place('definition-list')}</div>
            </section>`,
      );
      return c.html(page);
    })
    .get('/:type', async (c) => {
      const { definition } = chosenOf(context, c.req.param('type'), versionOf(queryOf(c)));
      const { id: type, version } = definition;
      const versions = (await shownDefinitions(context)).filter(
        (shown) => shown.definition.id === type,
      );
      const shown = versions.find((each) => each.definition === definition);
      const live = new URLSearchParams({ view: 'definitions', type, version: String(version) });
      const chart = await drawn(context, layouts, definition);
      const page = await renderPage(
        kit,
        {
          title: `${type} v${version}`,
          at: '/definitions',
          live: live.toString(),
          groups: pageGroups(context, verdicts, { definition }),
        },
        (place) =>
          definitionPage(
            { shown: shown ?? { definition, isNewest: true, count: undefined }, versions, chart },
            place,
          ),
      );
      return c.html(page);
    });
}

/** What `verify` says of a definition, as soon as it is known. */
export class Verdicts {
  readonly #verifications: Verifications;
  readonly #known = new WeakMap<SagaDefinition, Verification>();

  constructor(verifications: Verifications) {
    this.#verifications = verifications;
  }

  /** `null` until the work, which begins with the first question, is done. */
  of(definition: SagaDefinition): Verification | null {
    const known = this.#known.get(definition);
    if (known !== undefined) return known;
    this.#verifications.of(definition).then(
      (verification) => this.#known.set(definition, verification),
      () => {}, // asked again, it is tried again
    );
    return null;
  }
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
  verdicts: Verdicts,
  { definition }: Pick<ShownDefinition, 'definition'>,
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
      render: async () => [await region('definition-verdict', verdict(verdicts.of(definition)))],
    },
  ];
}

function gapsOf({ backstep }: HttpContext): readonly VersionGap[] {
  const health = backstep.health();
  return 'versionGaps' in health ? (health.versionGaps ?? []) : [];
}

async function shownDefinitions({ backstep }: HttpContext): Promise<readonly ShownDefinition[]> {
  const counts = await backstep.read.versionCounts();
  const all = backstep
    .definitions()
    .toSorted((one, other) => one.id.localeCompare(other.id) || other.version - one.version);
  return all.map((definition, index) => ({
    definition,
    isNewest: all[index - 1]?.id !== definition.id,
    count: counts.find(
      ({ type, version }) => type === definition.id && version === definition.version,
    ),
  }));
}

function chosenOf(
  { backstep }: HttpContext,
  type: string,
  version: number | null,
): Pick<ShownDefinition, 'definition'> {
  const versions = backstep.definitions().filter(({ id }) => id === type);
  const definition =
    version === null
      ? versions.toSorted((one, other) => other.version - one.version)[0]
      : versions.find((each) => each.version === version);
  if (definition !== undefined) return { definition };
  const what = version === null ? '' : `version ${version} of `;
  throw new BackstepError('not-found', `there is no ${what}saga type ${type.slice(0, 100)} here`);
}

async function drawn(
  { logger }: HttpContext,
  layouts: ChartLayouts,
  definition: SagaDefinition,
): Promise<Html | null> {
  try {
    return chartSvg(await layouts.of(definition), [], `Statechart of ${definition.id}`);
  } catch (error) {
    logger.error({ err: error, type: definition.id }, 'a chart could not be laid out');
    return null;
  }
}

function versionOf(query: URLSearchParams): number | null {
  const text = textOf(query, 'version');
  if (text === null) return null;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw badQuery('version', 'must be a whole number from 1');
  return Number(text);
}
