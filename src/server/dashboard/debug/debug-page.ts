/**
 * `/debug`: what is alive in this process, what just happened, and how to look closer.
 */
import { triggerOf } from '../../../explain/event-words.ts';
import type { HttpContext } from '../../context.ts';
import { type Fact, versionFacts } from '../../environment.ts';
import { region, type RegionGroup } from '../../live/page-region.ts';
import type { Page } from '../../page.ts';
import { statusOf, textOf } from '../../query.ts';
import { definitionOf, typesOf } from '../../saga-lookup.ts';
import type { TurnFilter, TurnStream } from '../../live/turn-stream.ts';
import { actorTree } from './actor-tree.ts';
import { callTroubles } from './calls-view.ts';
import { debugPage, processFacts, turnRows } from './debug-view.ts';

const ACTORS_MIN_AGE_MS = 500;
const STREAM_MIN_AGE_MS = 300;
const PROCESS_MIN_AGE_MS = 2_000;
/** Actors in the tree, and turns in the stream. */
const MAX_ACTORS = 200;
const MAX_TURNS = 40;

/** What the page tells beside the engine. */
export interface DebugParts {
  readonly stream: TurnStream;
  /** How the program was set up, without secrets. */
  readonly settings: readonly Fact[];
  /** Whether an inspector's events reach the sagas. */
  readonly maySend: boolean;
}

/** The page. */
export function createDebugPage(
  context: HttpContext,
  { stream, settings, maySend }: DebugParts,
): Page {
  const versions = versionFacts();
  return {
    path: '/debug',
    nav: 'Debug',
    groups: (query) => groupsOf(context, stream, filterOf(query)),
    look: (query, server) => {
      const filter = filterOf(query);
      const isPaused = query.get('paused') === 'yes';
      const types = typesOf(context.backstep);
      const { capabilities } = context.backstep;
      const facts = {
        types,
        filter,
        isPaused,
        versions,
        settings,
        capabilities,
        server,
        maySend,
      };
      return {
        title: 'Debug',
        query: filterQuery(filter),
        isLive: !isPaused,
        content: (place) => debugPage(facts, place),
      };
    },
  };
}

/** A filter as the query of an address. */
function filterQuery({ type, status, text }: TurnFilter): URLSearchParams {
  const query = new URLSearchParams();
  if (type !== null) query.set('type', type);
  if (status !== null) query.set('status', status);
  if (text !== null) query.set('q', text);
  return query;
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
      key: 'debug-calls',
      minAgeMs: PROCESS_MIN_AGE_MS,
      render: async () => [await region('debug-calls', await callTroubles(backstep.calls))],
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
            inbox: await backstep.read.inboxFigures(),
            health: backstep.health().kind,
            owner: await backstep.store.owner(),
            lastSeq: await backstep.read.lastSeq(),
            uptimeSeconds: process.uptime(),
            memoryBytes: process.memoryUsage.rss(),
            pid: process.pid,
          }),
        ),
      ],
    },
    {
      key: `debug-stream ${filterQuery(filter).toString()}`,
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
