/**
 * Keeps every open page up to date: at most ten times a second it renders what changed, once for
 * all, and sends each page only the parts that differ from what that page has.
 *
 * Must never slow the engine: a commit only sets a flag here. Invariant: a page that connects gets
 * everything; a page that reads too slowly is skipped and later gets everything anew.
 */
import { partialsFor } from './page-partials.ts';
import type { HttpContext } from './context.ts';
import type { FeedSink } from './live-feed.ts';
import { MAX_BACKLOG_BYTES } from './live-feed.ts';
import { sagaRegion, type Region, type RegionGroup } from './page-regions.ts';
import { cacheGroup, type CachedGroup } from './region-cache.ts';

/** Least time between two updates of a page. */
const FLUSH_MS = 100;
/** The same after a failure. */
const FAILURE_PAUSE_MS = 1_000;

interface OpenPage {
  readonly sagaId: string | null;
  readonly sink: Pick<FeedSink, 'send' | 'backlogBytes'>;
  /** What the page shows, by element id. */
  sent: ReadonlyMap<string, string>;
}

/** Works only while pages are open. */
export class PageHub {
  readonly #context: HttpContext;
  readonly #groups: readonly CachedGroup[];
  readonly #pages = new Set<OpenPage>();
  /** The sagas that pages follow, as rendered last; `null` stands for none chosen. */
  #sagas = new Map<string | null, Region | null>();
  /** Those of them that changed since. */
  readonly #changedSagas = new Set<string | null>();
  #unsubscribe: (() => void) | null = null;
  #timer: NodeJS.Timeout | undefined;
  #isFlushing = false;
  #isTouched = false;
  #flushedAtMs = 0;

  constructor(context: HttpContext, groups: readonly RegionGroup[]) {
    this.#context = context;
    this.#groups = groups.map((group) => cacheGroup(group, context.nowMs));
  }

  /** Serves a page from now on; returns the way to stop. */
  open(sagaId: string | null, sink: OpenPage['sink']): () => void {
    const page: OpenPage = { sagaId, sink, sent: new Map() };
    this.#pages.add(page);
    if (!this.#sagas.has(sagaId)) this.#sagas.set(sagaId, null);
    this.#unsubscribe ??= this.#context.backstep.subscribe(({ sagaId: changedId }) => {
      if (this.#sagas.has(changedId)) this.#changedSagas.add(changedId);
      this.touch();
    });
    this.#isTouched = false;
    this.touch();
    return () => {
      this.#pages.delete(page);
      if (this.#pages.size === 0) this.#rest();
    };
  }

  /** Something changed. Costs nothing when that is known already. */
  touch(): void {
    if (this.#isTouched) return;
    this.#isTouched = true;
    for (const group of this.#groups) group.markStale();
    this.#schedule(this.#flushedAtMs + FLUSH_MS - this.#context.nowMs());
  }

  /** The regions as they stand, for a page that is rendered whole. */
  async regions(sagaId: string | null): Promise<readonly Region[]> {
    if (this.#pages.size === 0) {
      for (const group of this.#groups) group.markStale(); // nobody was listening for changes
    }
    const shared = await Promise.all(this.#groups.map((group) => group.regions()));
    return [...shared.flat(), await sagaRegion(this.#context, sagaId)];
  }

  #rest(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = null;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sagas.clear();
    this.#changedSagas.clear();
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
    try {
      const shared = await Promise.all(this.#groups.map((group) => group.regions()));
      await this.#renderSagas();
      for (const page of this.#pages) {
        const saga = this.#sagas.get(page.sagaId);
        update(page, saga ? [...shared.flat(), saga] : shared.flat());
      }
    } catch (error) {
      pauseMs = FAILURE_PAUSE_MS;
      this.#context.logger.error({ err: error }, 'the live page could not be rendered');
    } finally {
      this.#isFlushing = false;
      this.#flushedAtMs = this.#context.nowMs();
      const dueInMs = Math.min(...this.#groups.map((group) => group.dueInMs()));
      this.#schedule(Math.max(pauseMs, dueInMs));
    }
  }

  async #renderSagas(): Promise<void> {
    const followed = new Set([...this.#pages].map(({ sagaId }) => sagaId));
    this.#sagas = new Map([...this.#sagas].filter(([id]) => followed.has(id)));
    const stale = [...this.#sagas].filter(([id, shown]) => {
      // The mark goes before the state is read: a change in between sets it again.
      const hasChanged = this.#changedSagas.delete(id);
      return hasChanged || shown === null;
    });
    await Promise.all(
      stale.map(async ([id]) => {
        this.#sagas.set(id, null); // stays so when it cannot be read: then the next flush tries
        this.#sagas.set(id, await sagaRegion(this.#context, id));
      }),
    );
  }
}

function update(page: OpenPage, regions: readonly Region[]): void {
  if (page.sink.backlogBytes() > MAX_BACKLOG_BYTES) {
    page.sent = new Map(); // once it reads again, it gets everything
    return;
  }
  const { message, shown } = partialsFor(page.sent, regions);
  page.sent = shown;
  if (message !== '') page.sink.send(message, '');
}
