/**
 * One rule for values that JSON has to keep: what enters a journal or a snapshot reads the same
 * before and after a restart.
 *
 * Undefined members are left out where the value enters, as JSON does, so that nobody sees them
 * before a restart either. Everything else that `JSON.stringify` would lose or change without a
 * word (Maps, Dates, errors, NaN, undefined in a list, half a character) is refused, naming the
 * path. Only -0 may come back as 0.
 */
import { BackstepError } from './errors.ts';

/** Deepest nesting accepted of a value; `JSON.parse` takes more than `JSON.stringify` can give back. */
const MAX_JSON_DEPTH = 64;

/** A context holds whole values inside members of its own. */
const MAX_CONTEXT_DEPTH = 128;

/**
 * What stands in a context for an object of a class: itself where it reads the same after a
 * restart, another one in its place, or `undefined`: JSON does not keep it.
 */
export type StandIn = (value: object) => unknown;

interface Rules {
  readonly maxDepth: number;
  /** Half a character is refused: a text that is also a key would be changed by the store. */
  readonly needsWholeTexts: boolean;
  readonly standIn?: StandIn;
}

const VALUE_RULES: Rules = { maxDepth: MAX_JSON_DEPTH, needsWholeTexts: true };
// What is in a context came in by values that were checked; looking at each text again, at every
// turn, would cost half as much again.
const CONTEXT_RULES: Rules = { maxDepth: MAX_CONTEXT_DEPTH, needsWholeTexts: false };

/**
 * The value as JSON keeps it: itself, or a copy where it has undefined members, without them.
 * Top-level `undefined` (no value at all) passes. Throws `not-json`, naming the path.
 *
 * @param subject what the value is, for the message, e.g. `input of reserveInventory`
 */
export function keepJson<T>(value: T, subject: string, standIn?: StandIn): T {
  if (value === undefined) return value;
  const found = findFlaw(value, 0, rulesWith(VALUE_RULES, standIn));
  if (found === null) return value;
  if (found === OMITTED) return copyJson(value, standIn);
  throw new BackstepError('not-json', `${subject}: ${sayFlaw(found, value)}`);
}

/** As `keepJson`, but always a copy: whoever gave the value may go on using it. */
export function takeJson<T>(value: T, subject: string): T {
  const kept = keepJson(value, subject);
  return kept === value ? copyJson(kept) : kept;
}

/** As `keepJson`, for a machine's context. */
export function keepContext<T>(context: T, subject: string, standIn?: StandIn): T {
  const found = findFlaw(context, 0, rulesWith(CONTEXT_RULES, standIn));
  if (found === null) return context;
  if (found === OMITTED) return copyJson(context, standIn);
  throw new BackstepError(
    'not-json',
    `${subject}: ${sayFlaw(found, context)}; keep plain values in a context, and invoke what is ` +
      'to run in a state',
  );
}

/**
 * A copy of a value that `keepJson` accepted, without undefined members; some ten times as fast as
 * `structuredClone` for the small values of activities. An object without a prototype comes back
 * with the usual one, as from `JSON.parse`.
 */
export function copyJson<T>(value: T, standIn?: StandIn): T;
export function copyJson(value: unknown, standIn?: StandIn): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((each: unknown) => copyJson(each, standIn));
  const own = standIn === undefined || isPlain(value) ? undefined : standIn(value);
  if (own !== undefined) return own;
  const copy: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue;
    if (key === '__proto__') define(copy, key, copyJson(member, standIn));
    else copy[key] = copyJson(member, standIn);
  }
  return copy;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function rulesWith(rules: Rules, standIn: StandIn | undefined): Rules {
  return standIn === undefined ? rules : { ...rules, standIn };
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

/** True when the text of a value that `keepJson` accepted has more than `limit` UTF-16 units. */
export function isLongerThan(value: unknown, limit: number): boolean {
  // Most values are far below the limit, which is seen without making their text.
  return leftOf(value, limit) < 0 && (JSON.stringify(value) ?? '').length > limit;
}

/** Longest text of a number or boolean, with a comma. */
const SCALAR_LENGTH = 26;
/** Quotes, comma and colon of a text or key. */
const MARKS_LENGTH = 4;
/** Of one UTF-16 unit, written as an escape. */
const ESCAPE_LENGTH = 6;

// What is left of a budget once the longest text that the value could have is taken from it.
function leftOf(value: unknown, budget: number): number {
  if (typeof value === 'string') return budget - ESCAPE_LENGTH * value.length - MARKS_LENGTH;
  let left = budget - SCALAR_LENGTH;
  if (value === null || typeof value !== 'object') return left;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length && left >= 0; index++) {
      left = leftOf(value[index], left);
    }
    return left;
  }
  const members = value as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(members)) {
    if (left < 0) return left;
    left = leftOf(members[key], left - ESCAPE_LENGTH * key.length - MARKS_LENGTH);
  }
  return left;
}

/** What does not survive, and where; the path is put together on the way up, as it is rare. */
interface Flaw {
  readonly path: readonly (string | number)[];
  readonly what: string;
  readonly isTooDeep?: true;
}

/** No flaw, but members to be left out. */
const OMITTED: Flaw = { path: [], what: 'has members that a copy goes without' };

function sayFlaw(flaw: Flaw, value: unknown): string {
  const { path, what } = (flaw.isTooDeep && cycleOn(flaw.path, value)) || flaw;
  return `${placeOf(path)} ${what}`;
}

function placeOf(path: Flaw['path']): string {
  return path.length === 0 ? 'the value' : `"${path.join('.')}"`;
}

// Too deep a value is nearly always one that holds itself, which then repeats on the way down.
function cycleOn(path: Flaw['path'], value: unknown): Flaw | null {
  const above: unknown[] = [value];
  let at = value;
  for (const [depth, step] of path.entries()) {
    at = (at as Readonly<Record<string | number, unknown>>)[step];
    const same = above.indexOf(at);
    if (same !== -1) {
      const what = `is a cycle: it leads back to ${placeOf(path.slice(0, same))}`;
      return { path: path.slice(0, depth + 1), what };
    }
    above.push(at);
  }
  return null;
}

function findFlaw(value: unknown, depth: number, rules: Rules): Flaw | null {
  switch (typeof value) {
    case 'string':
      return rules.needsWholeTexts && !value.isWellFormed() ? HALF_CHARACTER : null;
    case 'boolean':
      return null;
    case 'number':
      return Number.isFinite(value) ? null : flawOf(`is ${value}, which JSON turns into null`);
    case 'object':
      return value === null ? null : findFlawInside(value, depth, rules);
    case 'undefined':
      return flawOf('is undefined, which JSON turns into null');
    case 'bigint':
    case 'symbol':
    case 'function':
      return flawOf(`is ${typeof value}, which JSON cannot hold`);
  }
}

function findFlawInside(value: object, depth: number, rules: Rules): Flaw | null {
  if (depth >= rules.maxDepth) {
    return { ...flawOf(`is nested deeper than ${rules.maxDepth} levels`), isTooDeep: true };
  }
  let omitted: Flaw | null = null;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const inner = findFlaw(value[index], depth + 1, rules);
      if (inner === OMITTED) omitted = inner;
      else if (inner !== null) return { ...inner, path: [index, ...inner.path] };
    }
    return omitted;
  }
  if (!isPlain(value)) {
    const own = rules.standIn?.(value);
    if (own === undefined) return flawOf(sayClass(value));
    return own === value ? null : OMITTED;
  }
  const members = value as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(members)) {
    if (rules.needsWholeTexts && !key.isWellFormed()) return HALF_CHARACTER_IN_KEY;
    const member = members[key];
    const inner = member === undefined ? OMITTED : findFlaw(member, depth + 1, rules);
    if (inner === OMITTED) omitted = inner;
    else if (inner !== null) return { ...inner, path: [key, ...inner.path] };
  }
  return omitted;
}

function sayClass(value: object): string {
  if ('send' in value && 'getSnapshot' in value) return ACTOR;
  const name: unknown = value.constructor?.name;
  const named = typeof name === 'string' && name !== '' ? name : 'class instance';
  return `is a ${named}; give a plain object`;
}

const ACTOR =
  'is an actor, which lives in memory only; give its id, and start it with an invoke or ' +
  'spawnChild; a child reaches its parent with sendParent';

function flawOf(what: string): Flaw {
  return { path: [], what };
}

const HALF_CHARACTER = flawOf('has half of a surrogate pair in it, which is no character');
const HALF_CHARACTER_IN_KEY = flawOf('has half of a surrogate pair in the name of a member');
