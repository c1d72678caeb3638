/**
 * `/debug`: what is alive in this process, what just happened, and how to look closer.
 */
import { Hono } from 'hono';
import { triggerOf } from '../../../explain/event-words.ts';
import { definitionOf, queryOf, type HttpContext, type HttpEnv } from '../../context.ts';
import { settingFacts, versionFacts } from '../../environment.ts';
import { renderPage, type PageKit } from '../frame/page-frame.ts';
import { region, type PageView, type RegionGroup } from '../../live/page-region.ts';
import { statusOf, textOf } from '../../query.ts';
import { type TurnFilter, TurnStream } from '../../live/turn-stream.ts';
import { actorTree } from './actor-tree.ts';
import { debugPage, processFacts, turnRows } from './debug-view.ts';

const ACTORS_MIN_AGE_MS = 500;
const STREAM_MIN_AGE_MS = 300;
const PROCESS_MIN_AGE_MS = 2_000;
/** Actors in the tree, and turns in the stream. */
const MAX_ACTORS = 200;
const MAX_TURNS = 40;

export interface DebugPages {
  readonly routes: Hono<HttpEnv>;
  readonly view: PageView;
}

/** The page and its live parts. `maySend`: whether an inspector's events reach the sagas. */
export function debugPages(kit: PageKit, maySend: boolean): DebugPages {
  const { context } = kit;
  const stream = new TurnStream(context.backstep);
  const versions = versionFacts();
  const view: PageView = (query) => groupsOf(context, stream, filterOf(query));
  const routes = new Hono<HttpEnv>().get('/debug', async (c) => {
    const query = queryOf(c);
    const filter = filterOf(query);
    const isPaused = query.get('paused') === 'yes';
    const facts = {
      types: [...new Set(context.backstep.definitions().map(({ id }) => id))],
      filter,
      isPaused,
      versions,
      settings: settingFacts(process.env),
      origin: new URL(c.req.url).host,
      maySend,
    };
    const live = isPaused ? null : `view=debug&${queryText(filter)}`;
    const groups = groupsOf(context, stream, filter);
    const spec = { title: 'Debug', at: '/debug', live, groups } as const;
    return c.html(await renderPage(kit, spec, (place) => debugPage(facts, place)));
  });
  return { routes, view };
}

/** A filter as the query of an address. */
function queryText({ type, status, text }: TurnFilter): string {
  const query = new URLSearchParams();
  if (type !== null) query.set('type', type);
  if (status !== null) query.set('status', status);
  if (text !== null) query.set('q', text);
  return query.toString();
}

function filterOf(query: URLSearchParams): TurnFilter {
  const status = textOf(query, 'status');
  return {
    type: textOf(query, 'type'),
    status: status === null ? null : statusOf(status),
    text: textOf(query, 'q'),
  };
}

function groupsOf(
  { backstep }: HttpContext,
  stream: TurnStream,
  filter: TurnFilter,
): readonly RegionGroup[] {
  return [
    {
      key: 'debug-actors',
      minAgeMs: ACTORS_MIN_AGE_MS,
      render: async () => [
        await region(
          'debug-actors',
          actorTree(backstep.liveActors(MAX_ACTORS), backstep.figures().liveActors),
        ),
      ],
    },
    {
      key: 'debug-process',
      minAgeMs: PROCESS_MIN_AGE_MS,
      render: async () => [
        await region(
          'debug-process',
          processFacts({
            figures: backstep.figures(),
            store: backstep.store.stats(),
            uptimeSeconds: process.uptime(),
            memoryBytes: process.memoryUsage.rss(),
            pid: process.pid,
          }),
        ),
      ],
    },
    {
      key: `debug-stream ${queryText(filter)}`,
      minAgeMs: STREAM_MIN_AGE_MS,
      render: async () => {
        const turns = await stream.newest(filter, MAX_TURNS);
        const wordsOf = (type: string, event: string): string => {
          const definition = definitionOf(backstep, type);
          return definition === undefined ? event : triggerOf(definition, event).words;
        };
        return [await region('debug-stream', turnRows(turns, wordsOf))];
      },
    },
  ];
}
