/** State values as text a person reads. */

/** Most active regions that a line of the journal names; a saga may have hundreds. */
const MOST_NAMED = 8;

/** A value, worked out once: snapshots of a machine share their values, or those of most regions. */
interface Place {
  /** Active regions. */
  readonly count: number;
  /** Of all of them; `null`: nobody has asked. */
  path: string | null;
}

type Members = Readonly<Record<string, unknown>>;

const known = new WeakMap<object, Place>();
const NOTHING: Members = {};

/**
 * `forward.processPayment.running`; active regions of a parallel state are joined with ` + `.
 *
 * @param value an XState state value
 */
export function statePath(value: unknown): string {
  if (!isMembers(value)) return typeof value === 'string' ? value : '';
  const place = placeOf(value);
  return (place.path ??= pathsIn(value).join(' + '));
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
  const left = isMembers(before) ? placeOf(before) : null;
  const come = isMembers(after) ? placeOf(after) : null;
  if (Math.max(left?.count ?? 0, come?.count ?? 0) <= MOST_NAMED) {
    const from = before === null ? null : (left?.path ?? statePath(before));
    return { from, to: come?.path ?? statePath(after) };
  }
  const from = before === null ? null : pathOfChanged(before, after);
  return { from, to: pathOfChanged(after, before) };
}

function pathOfChanged(value: unknown, other: unknown): string {
  const changed = pathsIn(value, other, MOST_NAMED);
  const named = changed.length > 0 ? changed : pathsIn(value, NOTHING, MOST_NAMED);
  const more = countOf(value) - named.length;
  return [...named, ...(more > 0 ? [`${more} more`] : [])].join(' + ');
}

function countOf(value: unknown): number {
  if (isMembers(value)) return placeOf(value).count;
  return typeof value === 'string' ? 1 : 0;
}

function placeOf(value: Members): Place {
  let place = known.get(value);
  if (place === undefined) {
    let count = 0;
    for (const key of Object.keys(value)) count += countIn(value[key]);
    place = { count, path: null };
    known.set(value, place);
  }
  return place;
}

/** Paths of active regions, the first `most` of those that are not in the other value as well. */
function pathsIn(value: unknown, other: unknown = NOTHING, most = Infinity): readonly string[] {
  const found: string[] = [];
  addPaths(found, '', value, other, most);
  return found;
}

function addPaths(
  found: string[],
  around: string,
  value: unknown,
  other: unknown,
  most: number,
): void {
  if (value === other) return;
  if (!isMembers(value)) {
    if (typeof value === 'string') found.push(`${around}${value}`);
    return;
  }
  const others = isMembers(other) ? other : NOTHING;
  for (const key of Object.keys(value)) {
    const inner = value[key];
    const was = others[key];
    if (inner === was) continue; // a region that stays where it is
    if (found.length >= most) return;
    if (countOf(inner) > 0) addPaths(found, `${around}${key}.`, inner, was, most);
    else if (was === undefined || countOf(was) > 0) found.push(`${around}${key}`);
  }
}

/** The value with another one inside. What is known of it goes over, so that nobody counts it anew. */
export function withInner(value: Members, key: string, inner: unknown): Members {
  const count = placeOf(value).count + countIn(inner) - countIn(value[key]);
  const moved = { ...value, [key]: inner };
  known.set(moved, { count, path: null });
  return moved;
}

// A state without states in it is a region, too.
function countIn(inner: unknown): number {
  return Math.max(countOf(inner), 1);
}

function isMembers(value: unknown): value is Members {
  return value !== null && typeof value === 'object';
}
