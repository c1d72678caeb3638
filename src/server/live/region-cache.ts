/**
 * Remembers what a group of regions rendered last, and when it may and must be rendered again.
 *
 * Invariant: one rendering at a time; a mark that comes during it stays for the next one.
 */
import type { Region, RegionGroup } from './page-region.ts';

/** Something may have changed without a transition (a mail was sent): look again after this. */
const MAX_AGE_MS = 2_000;

export interface CachedGroup extends Pick<RegionGroup, 'sagaId'> {
  /** True for a group that stays when nobody looks at it. */
  readonly isKept: boolean;
  markStale(): void;
  /** The regions, rendered again when that is due. Rejects as the rendering does. */
  regions(): Promise<readonly Region[]>;
  /** The regions as they were rendered last. */
  last(): readonly Region[];
  /** Milliseconds until a look would render again. */
  dueInMs(): number;
}

/** A cache around a group. */
export function cacheGroup(group: RegionGroup, nowMs: () => number): CachedGroup {
  let regions: readonly Region[] = [];
  let renderedAtMs = -Infinity;
  let isStale = true;
  let pending: Promise<readonly Region[]> | null = null;

  function dueInMs(): number {
    const wait = isStale ? group.minAgeMs : Math.max(group.minAgeMs, MAX_AGE_MS);
    return Math.max(0, renderedAtMs + wait - nowMs());
  }

  async function render(): Promise<readonly Region[]> {
    isStale = false;
    try {
      regions = await group.render();
    } catch (error) {
      isStale = true;
      throw error;
    } finally {
      pending = null;
      renderedAtMs = nowMs(); // also after a failure: not again at once
    }
    return regions;
  }

  return {
    ...(group.sagaId === undefined ? {} : { sagaId: group.sagaId }),
    isKept: group.maxWaitMs !== undefined,
    last: () => regions,
    markStale: () => void (isStale = true),
    regions() {
      if (pending === null && dueInMs() > 0) return Promise.resolve(regions);
      pending ??= render();
      return group.maxWaitMs === undefined
        ? pending
        : Promise.race([pending, after(group.maxWaitMs, () => regions)]);
    },
    dueInMs,
  };
}

function after<T>(delayMs: number, value: () => T): Promise<T> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(value()), delayMs).unref();
  });
}
