/**
 * JSON strictness: what enters a journal or a snapshot must come back equal.
 *
 * `JSON.stringify` silently loses Maps, Dates, errors, NaN and undefined members; a saga that
 * behaves differently after a restart is the price. So such values are refused where they enter.
 */
import { BackstepError } from './errors.ts';

/** Deepest nesting accepted; `JSON.parse` takes more than `JSON.stringify` can give back. */
const MAX_JSON_DEPTH = 64;

/**
 * Throws `not-json`, naming the path, unless `value` survives a JSON round trip unchanged.
 * Top-level `undefined` (no value at all) passes.
 *
 * @param subject what the value is, for the message, e.g. `output of reserveInventory`
 */
export function assertJson(value: unknown, subject: string): void {
  if (value === undefined) return;
  const flaw = findFlaw(value, '', 0);
  if (flaw !== null) throw new BackstepError('not-json', `${subject}: ${flaw}`);
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

/** The sentence that says what does not survive, or `null`. */
function findFlaw(value: unknown, path: string, depth: number): string | null {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return null;
    case 'number':
      return Number.isFinite(value) ? null : `${at(path)} is ${value}, which JSON turns into null`;
    case 'object':
      return value === null ? null : findFlawInside(value, path, depth);
    case 'undefined':
    case 'bigint':
    case 'symbol':
    case 'function':
      return `${at(path)} is ${typeof value}, which JSON cannot hold`;
  }
}

function findFlawInside(value: object, path: string, depth: number): string | null {
  if (depth >= MAX_JSON_DEPTH) return `${at(path)} is nested deeper than ${MAX_JSON_DEPTH} levels`;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const flaw = findFlaw(value[index], `${path}.${index}`, depth + 1);
      if (flaw !== null) return flaw;
    }
    return null;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    return `${at(path)} is a ${value.constructor?.name ?? 'class instance'}; give a plain object`;
  }
  for (const [key, member] of Object.entries(value)) {
    const flaw = findFlaw(member, `${path}.${key}`, depth + 1);
    if (flaw !== null) return flaw;
  }
  return null;
}

function at(path: string): string {
  return path === '' ? 'the value' : `"${path.slice(1)}"`;
}
