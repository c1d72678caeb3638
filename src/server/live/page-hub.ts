/**
 * Keeps every open page up to date: at most ten times a second it renders what changed, once for
 * all, and sends each page only the parts that differ from what that page has.
 *
 * Must never slow the engine: a commit only sets a flag here. Invariant: a page that connects gets
 * everything; a page that reads too slowly is skipped and later gets everything anew.
 */
import { completeHtml } from '../mounted.ts';
import { partialsFor } from './page-partials.ts';
import type { HttpContext } from '../context.ts';
import type { FeedSink } from './live-feed.ts';
import { MAX_BACKLOG_BYTES } from './live-feed.ts';
import type { Region, RegionGroup } from './page-region.ts';
import { cacheGroup, type CachedGroup } from './region-cache.ts';

/** Least time between two updates of a page. */
const FLUSH_MS = 100;
/** The same after a failure. */
const FAILURE_PAUSE_MS = 1_000;

interface OpenPage {
  readonly groups: readonly CachedGroup[];
  readonly sink: Pick<FeedSink, 'send' | 'backlogBytes'>;
  /** What the page shows, by element id. */
  sent: ReadonlyMap<string, string>;
}

/** Works only while pages are open. */
export class PageHub {
  readonly #context: Pick<HttpContext, 'backstep' | 'logger' | 'nowMs' | 'prefix'>;
  readonly #pages = new Set<OpenPage>();
  /** Every group that an open page shows, and those that are kept, by key. */
  readonly #groups = new Map<string, CachedGroup>();
  /** Those of them that only one saga changes, by its id. */
  #ofSagas: ReadonlyMap<string, readonly CachedGroup[]> = new Map();
  #unsubscribe: (() => void) | null = null;
  #timer: NodeJS.Timeout | undefined;
  #isFlushing = false;
  #isTouched = false;
  #flushedAtMs = 0;

  constructor(context: Pick<HttpContext, 'backstep' | 'logger' | 'nowMs' | 'prefix'>) {
    this.#context = context;
  }

  /** Serves a page that shows these groups from now on; returns the way to stop. */
  open(groups: readonly RegionGroup[], sink: OpenPage['sink']): () => void {
    const page: OpenPage = {
      groups: groups.map((group) => this.#cached(group)),
      sink,
      sent: new Map(),
    };
    this.#pages.add(page);
    this.#sortGroups();
    this.#unsubscribe ??= this.#context.backstep.subscribe(({ sagaId }) => {
      for (const group of this.#ofSagas.get(sagaId) ?? []) group.markStale();
      this.touch();
    });
    this.#isTouched = false;
    this.touch();
    return () => {
      this.#pages.delete(page);
      this.#sortGroups();
      if (this.#pages.size === 0) this.#rest();
    };
  }

  /** Something changed. Costs nothing when that is known already. */
  touch(): void {
    if (this.#isTouched) return;
    this.#isTouched = true;
    for (const group of this.#groups.values()) {
      if (group.sagaId === undefined) group.markStale();
    }
    this.#schedule(this.#flushedAtMs + FLUSH_MS - this.#context.nowMs());
  }

  /** Regions as they stand, for a page that is rendered whole. */
  async regions(groups: readonly RegionGroup[]): Promise<readonly Region[]> {
    const rendered = groups.map((group) => {
      const cached = this.#cached(group);
      if (this.#pages.size === 0) cached.markStale(); // nobody was listening for changes
      return cached.regions();
    });
    this.#sortGroups();
    return (await Promise.all(rendered)).flat();
  }

  #cached(group: RegionGroup): CachedGroup {
    const known = this.#groups.get(group.key);
    if (known !== undefined) return known;
    const cached = cacheGroup(group, this.#context.nowMs);
    this.#groups.set(group.key, cached);
    return cached;
  }

  /** Forgets the groups that nobody looks at. */
  #sortGroups(): void {
    const shown = new Set([...this.#pages].flatMap(({ groups }) => groups));
    for (const [key, group] of this.#groups) {
      if (!shown.has(group) && !group.isKept) this.#groups.delete(key);
    }
    this.#ofSagas = Map.groupBy(
      [...shown].filter(({ sagaId }) => sagaId !== undefined),
      ({ sagaId }) => sagaId ?? '',
    );
  }

  #rest(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = null;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #schedule(delayMs: number): void {
    if (this.#isFlushing || this.#pages.size === 0) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#flush(), Math.max(0, delayMs));
  }

  async #flush(): Promise<void> {
    this.#isFlushing = true;
    let pauseMs = FLUSH_MS;
    this.#isTouched = false; // what commits from here on is for the next flush
    const shown = new Set([...this.#pages].flatMap(({ groups }) => groups));
    try {
      await Promise.all(
        [...shown].map((group) =>
          group.regions().catch((error: unknown) => {
            // Its pages keep what they show; the other groups go on.
            pauseMs = FAILURE_PAUSE_MS;
            const { logger } = this.#context;
            logger.error({ err: error }, 'a part of the live page could not be rendered');
          }),
        ),
      );
      for (const page of this.#pages) update(page, this.#context.prefix);
    } finally {
      this.#isFlushing = false;
      this.#flushedAtMs = this.#context.nowMs();
      const dueInMs = Math.min(...[...shown].map((group) => group.dueInMs()));
      this.#schedule(Math.max(pauseMs, dueInMs));
    }
  }
}

function update(page: OpenPage, prefix: string): void {
  if (page.sink.backlogBytes() > MAX_BACKLOG_BYTES) {
    page.sent = new Map(); // once it reads again, it gets everything
    return;
  }
  const { message, shown } = partialsFor(
    page.sent,
    page.groups.flatMap((group) => group.last()),
  );
  page.sent = shown;
  if (message !== '') page.sink.send(completeHtml(message, prefix), '');
}
