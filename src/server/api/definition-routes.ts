/**
 * `/api/definitions`: what can run here, how many run under each version, what verify found, and
 * the drawing for other tools and the way to each finding. Without `?version=` it is the newest version.
 */
import { Hono } from 'hono';
import { chartOf } from '../../explain/chart.ts';
import type { SagaDefinition } from '../../core/define/definition.ts';
import { BackstepError } from '../../core/errors.ts';
import { wayPicture } from '../../drawing/way-picture.ts';
import { PICTURE_TYPE } from '../access/security.ts';
import type { ChartLayouts } from '../dashboard/chart/chart-layout.ts';
import { queryOf, type HttpContext } from '../context.ts';
import type { HttpEnv } from '../http-env.ts';
import type { Finding } from '../../verify/findings.ts';
import { mermaidOf } from './mermaid.ts';
import { DefinitionQuery, readQuery } from '../query.ts';
import { requireDefinition, versionsOf } from '../saga-lookup.ts';
import { statelySourceOf } from './stately-source.ts';
import type { Verifications } from '../verifications.ts';

/** How many sagas there are of a version, and how many of them are not over. */
interface Counts {
  readonly underWay: number;
  readonly total: number;
}

export interface DefinitionParts {
  readonly verifications: Verifications;
  readonly layouts: ChartLayouts;
}

/** A way goes through the whole drawing. */
const WHOLE = { isWhole: true, open: new Set<string>() };

/** Definitions, their drawings and what verify found, below `/api/definitions`. */
export function definitionRoutes(
  { backstep }: Pick<HttpContext, 'backstep'>,
  { verifications, layouts }: DefinitionParts,
): Hono<HttpEnv> {
  const wanted = (type: string, query: URLSearchParams): SagaDefinition => {
    const { version } = readQuery(query, DefinitionQuery);
    return requireDefinition(backstep, type, version);
  };
  const counter = async (): Promise<(definition: SagaDefinition) => Counts> => {
    const counts = await backstep.read.versionCounts();
    return ({ id, version }) => {
      const found = counts.find((each) => each.type === id && each.version === version);
      return { underWay: found?.underWay ?? 0, total: found?.total ?? 0 };
    };
  };
  return new Hono<HttpEnv>()
    .get('/', async (c) => {
      const countsOf = await counter();
      const items = backstep.definitions().map((definition) => ({
        ...summaryOf(definition),
        ...countsOf(definition),
        queue: backstep.startQueue(definition.id),
      }));
      return c.json({ items, nextCursor: null });
    })
    .get('/:type', async (c) => {
      const definition = wanted(c.req.param('type'), queryOf(c));
      const countsOf = await counter();
      const versions = versionsOf(backstep, definition.id);
      const machine: unknown = definition.machine.definition;
      const found = await verifications.of(definition);
      const { states, transitions } = found.bounds;
      return c.json({
        ...summaryOf(definition),
        ...countsOf(definition),
        queue: backstep.startQueue(definition.id),
        versions: versions.map((each) => ({
          version: each.version,
          hash: each.hash,
          ...countsOf(each),
        })),
        machine,
        findings: found.findings.map(findingOf),
        explored: { states, transitions, isExhaustive: found.exhaustive },
      });
    })
    .get('/:type/machine', (c) => {
      const machine: unknown = wanted(c.req.param('type'), queryOf(c)).machine.definition;
      return c.body(JSON.stringify(machine), 200, { 'content-type': 'application/json' });
    })
    .get('/:type/mermaid', (c) =>
      c.text(mermaidOf(chartOf(wanted(c.req.param('type'), queryOf(c))))),
    )
    .get('/:type/ways/:number', async (c) => {
      const definition = wanted(c.req.param('type'), queryOf(c));
      const { saga, version, findings } = await verifications.of(definition);
      const finding = findings[Number(c.req.param('number')) - 1];
      if (finding === undefined) throw new BackstepError('not-found', NO_FINDING);
      const laid = await layouts.of(definition, WHOLE);
      const picture = wayPicture(laid, `${saga}, version ${version}`, finding);
      return c.body(picture, 200, { 'content-type': PICTURE_TYPE });
    })
    .get('/:type/stately', (c) =>
      c.text(statelySourceOf(wanted(c.req.param('type'), queryOf(c)).machine)),
    );
}

const NO_FINDING = 'verify has no finding of that number; it counts from 1';

// `kind`, `message` and `path` are what it was called first; clients read them still.
function findingOf(finding: Finding): object {
  const { code, way, what, cure } = finding;
  const path = way.map(({ event, state }) => ({ event, state }));
  return { kind: code, message: `${what}; ${cure}`, path, ...finding };
}

function summaryOf({ id, version, hash, steps, activities }: SagaDefinition): object {
  return { type: id, version, hash, steps, activities };
}
