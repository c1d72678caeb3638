/** State values as text a person reads. */

/** Most active regions that a line of the journal names; a saga may have hundreds. */
const MOST_NAMED = 8;

/** A value, worked out once: snapshots of a machine share their values. */
interface Place {
  /** A path for each active region. */
  readonly regions: readonly string[];
  readonly path: string;
}

const known = new WeakMap<object, Place>();

/**
 * `forward.processPayment.running`; active regions of a parallel state are joined with ` + `.
 *
 * @param value an XState state value
 */
export function statePath(value: unknown): string {
  return placeOf(value).path;
}

/** Where a turn began and where it led, as text. */
export interface Way {
  /** `null`: the saga begins. */
  readonly from: string | null;
  readonly to: string;
}

/**
 * The way from one state value to another, `null` before the first one: their paths, and of many
 * regions side by side those that changed, as in `all.third.done + 99 more`. A saga of a thousand
 * branches would else write each of them in each of its thousand turns.
 */
export function wayBetween(before: unknown, after: unknown): Way {
  const [left, come] = [before === null ? null : placeOf(before), placeOf(after)];
  if (Math.max(left?.regions.length ?? 0, come.regions.length) <= MOST_NAMED) {
    return { from: left?.path ?? null, to: come.path };
  }
  const from = left === null ? null : pathOfChanged(left.regions, come.regions);
  return { from, to: pathOfChanged(come.regions, left?.regions ?? []) };
}

function pathOfChanged(regions: readonly string[], others: readonly string[]): string {
  const unchanged = new Set(others);
  const changed = regions.filter((region) => !unchanged.has(region));
  const named = (changed.length > 0 ? changed : regions).slice(0, MOST_NAMED);
  const more = regions.length - named.length;
  return [...named, ...(more > 0 ? [`${more} more`] : [])].join(' + ');
}

const NOWHERE: Place = { regions: [], path: '' };

function placeOf(value: unknown): Place {
  if (typeof value === 'string') return { regions: [value], path: value };
  if (value === null || typeof value !== 'object') return NOWHERE;
  let place = known.get(value);
  if (place === undefined) {
    const regions = regionsOf(value);
    place = { regions, path: regions.join(' + ') };
    known.set(value, place);
  }
  return place;
}

function regionsOf(value: object): readonly string[] {
  return Object.entries(value).flatMap(([key, inner]) => {
    const below = placeOf(inner).regions;
    return below.length === 0 ? [key] : below.map((path) => `${key}.${path}`);
  });
}
