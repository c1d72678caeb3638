/**
 * The live parts of pages: what a group of them is, and how one is made.
 *
 * A page is a list of groups; the hub renders each group once for everybody who looks at it.
 * Invariant: two groups with the same key render the same.
 */
import type { Html } from '../dashboard/frame/html.ts';

/** A part of the page by its element's id; `rows`: the parts it consists of, by theirs. */
export interface Region {
  readonly id: string;
  readonly html: string;
  readonly rows?: readonly { readonly id: string; readonly html: string }[];
}

/** Regions that are read and rendered together. */
export interface RegionGroup {
  /** Names what it shows, parameters included. */
  readonly key: string;
  /** Least time between two renderings. */
  readonly minAgeMs: number;
  /**
   * A look waits at most this long for a rendering and then shows the one before it, which is kept
   * for ever: only for groups without parameters.
   */
  readonly maxWaitMs?: number;
  /** Only transitions of this saga change it. Default: any transition may. */
  readonly sagaId?: string;
  render(): Promise<readonly Region[]>;
}

/** A region with the content that a view rendered. */
export async function region(id: string, view: Html): Promise<Region> {
  return { id, html: String(await view) };
}

/** The rendered content of regions by element id. */
export function contentOf(regions: readonly Region[]): ReadonlyMap<string, string> {
  return new Map(regions.map(({ id, html }) => [id, html]));
}
