/**
 * What is different between two JSON values, member by member, as a person would list it.
 *
 * Pure. Invariant: empty exactly when the two are equal as JSON.
 */

/** One member that differs; `undefined`: it is not there. */
export interface JsonChange {
  /** Such as `results.charge.receipt` or `owed[1]`; empty for the whole value. */
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** The changes from one value to the other, in the order of the members. */
export function jsonDifference(before: unknown, after: unknown, path = ''): readonly JsonChange[] {
  if (Object.is(before, after)) return [];
  const [one, other] = [membersOf(before), membersOf(after)];
  if (one === null || other === null || Array.isArray(before) !== Array.isArray(after)) {
    return [{ path, before, after }];
  }
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  return names.flatMap((name) =>
    jsonDifference(own(one, name), own(other, name), pathTo(path, name, Array.isArray(after))),
  );
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> | null {
  if (value === null || typeof value !== 'object') return null;
  return value as Readonly<Record<string, unknown>>;
}

// A member named like one of every object's own is data here.
function own(members: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(members, name) ? members[name] : undefined;
}

function pathTo(path: string, name: string, isIndex: boolean): string {
  if (isIndex) return `${path}[${name}]`;
  return path === '' ? name : `${path}.${name}`;
}
