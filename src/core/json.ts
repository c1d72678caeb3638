/**
 * JSON strictness: what enters a journal or a snapshot must come back equal.
 *
 * `JSON.stringify` silently loses Maps, Dates, errors, NaN and undefined members; a saga that
 * behaves differently after a restart is the price. So such values are refused where they enter.
 */
import { BackstepError } from './errors.ts';

/** Deepest nesting accepted of a value; `JSON.parse` takes more than `JSON.stringify` can give back. */
const MAX_JSON_DEPTH = 64;

/** A context holds whole values inside members of its own. */
const MAX_CONTEXT_DEPTH = 128;

interface Rules {
  readonly maxDepth: number;
  readonly takesUndefinedMembers: boolean;
}

const VALUE_RULES: Rules = { maxDepth: MAX_JSON_DEPTH, takesUndefinedMembers: false };
const CONTEXT_RULES: Rules = { maxDepth: MAX_CONTEXT_DEPTH, takesUndefinedMembers: true };

/**
 * Throws `not-json`, naming the path, unless `value` survives a JSON round trip unchanged.
 * Top-level `undefined` (no value at all) passes.
 *
 * @param subject what the value is, for the message, e.g. `output of reserveInventory`
 */
export function assertJson(value: unknown, subject: string): void {
  if (value === undefined) return;
  const found = findFlaw(value, 0, VALUE_RULES);
  if (found !== null) throw new BackstepError('not-json', `${subject}: ${sayFlaw(found)}`);
}

/**
 * As `assertJson`, for a machine's context. An undefined member passes: JSON drops it and it reads
 * the same after a restart.
 */
export function assertContext(context: unknown, subject: string): void {
  const found = findFlaw(context, 0, CONTEXT_RULES);
  if (found === null) return;
  throw new BackstepError(
    'not-json',
    `${subject}: ${sayFlaw(found)}; keep plain values in a context, and invoke what is to run in a state`,
  );
}

/**
 * A copy of a value that `assertJson` accepted, some ten times as fast as `structuredClone` for the
 * small values of activities. An object without a prototype comes back with the usual one, as from
 * `JSON.parse`.
 */
export function copyJson<T>(value: T): T;
export function copyJson(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((each: unknown) => copyJson(each));
  const copy: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(value)) {
    if (key === '__proto__') define(copy, key, copyJson(member));
    else copy[key] = copyJson(member);
  }
  return copy;
}

// An own member of that name, which `JSON.parse` makes; an assignment would set the prototype.
function define(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

/**
 * JSON with the keys of every object sorted: equal values give equal text. For the hash of an
 * input; `undefined` members are left out as JSON does.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}

/** What does not survive, and where; the path is put together on the way up, as it is rare. */
interface Flaw {
  readonly path: readonly (string | number)[];
  readonly what: string;
}

function sayFlaw({ path, what }: Flaw): string {
  return `${path.length === 0 ? 'the value' : `"${path.join('.')}"`} ${what}`;
}

function findFlaw(value: unknown, depth: number, rules: Rules): Flaw | null {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return null;
    case 'number':
      return Number.isFinite(value) ? null : flaw(`is ${value}, which JSON turns into null`);
    case 'object':
      return value === null ? null : findFlawInside(value, depth, rules);
    case 'undefined':
    case 'bigint':
    case 'symbol':
    case 'function':
      return flaw(`is ${typeof value}, which JSON cannot hold`);
  }
}

function findFlawInside(value: object, depth: number, rules: Rules): Flaw | null {
  if (depth >= rules.maxDepth) return flaw(`is nested deeper than ${rules.maxDepth} levels`);
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const inner = findFlaw(value[index], depth + 1, rules);
      if (inner !== null) return { ...inner, path: [index, ...inner.path] };
    }
    return null;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    return flaw(`is a ${value.constructor?.name ?? 'class instance'}; give a plain object`);
  }
  const members = value as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(members)) {
    const member = members[key];
    if (member === undefined && rules.takesUndefinedMembers) continue;
    const inner = findFlaw(member, depth + 1, rules);
    if (inner !== null) return { ...inner, path: [key, ...inner.path] };
  }
  return null;
}

function flaw(what: string): Flaw {
  return { path: [], what };
}
