/**
 * What callers give as options, held against what is taken: the types do not reach callers in plain
 * JavaScript, and a misspelt name passes even them where an object is spread.
 *
 * Pure. Invariant: whatever is given, the answer is nothing or one error that names the place, the
 * member, what was given and what is taken. A cheap loop over the members: it runs at every start.
 */
import { DURATION_EXAMPLES, isDuration } from './duration.ts';
import { BackstepError } from './errors.ts';
import { meantInstead } from './nearest-name.ts';
import { shown } from './shown.ts';
import { isStandardSchema } from './standard-schema.ts';

/** Longest name, key or id that a caller gives, in UTF-16 units. The HTTP API takes 200. */
const MAX_NAME_LENGTH = 255;

/** What is wrong with a value, and where inside of it; an empty path: with the value itself. */
interface Fault {
  readonly path: string;
  readonly what: string;
}

/** One kind of value. */
export interface Kind {
  /** Completes "give ...". */
  readonly takes: string;
  readonly faultOf: (value: unknown) => Fault | null;
  readonly isRequired?: true;
}

/** Options by name. */
export type Members = Readonly<Record<string, Kind>>;

type Code = 'input-invalid' | 'definition-invalid';

/** Throws unless the value is of the kind. `at`: whose value, e.g. `spawn of "order"`. */
export function check(value: unknown, kind: Kind, at: string, code: Code): void {
  let fault: Fault | null;
  try {
    fault = kind.faultOf(value);
  } catch {
    fault = { path: '', what: `cannot be looked at; give ${kind.takes}` }; // a revoked Proxy, say
  }
  if (fault !== null) throw refusal(fault, at, code);
}

/** The error of a value that is refused. */
function refusal({ path, what }: Fault, at: string, code: Code): BackstepError {
  const message = path === '' ? `what was given ${what}` : `${path} ${what}`;
  const issues = [{ path, message: what, isTypeError: false }];
  return new BackstepError(code, `${at}: ${message}`, { issues });
}

/** The same kind, but it has to be given. */
export function required(kind: Kind): Kind {
  return { ...kind, isRequired: true };
}

/** A kind told by a predicate. */
export function kindOf(takes: string, isIt: (value: unknown) => boolean): Kind {
  return {
    takes,
    faultOf: (value) =>
      isIt(value) ? null : { path: '', what: `is ${shown(value)}; give ${takes}` },
  };
}

export const ANYTHING = kindOf('any value', () => true);
export const FUNCTION = kindOf('a function', (value) => typeof value === 'function');
export const FLAG = kindOf('true or false', (value) => typeof value === 'boolean');
export const TEXT = kindOf('a text', (value) => typeof value === 'string');
export const DURATION = kindOf(`a duration such as ${DURATION_EXAMPLES}`, isDuration);
/** As `DURATION`, where `toMs` reads the text, and says what is wrong with it. */
export const TIME = kindOf(
  DURATION.takes,
  (value) => typeof value === 'number' || typeof value === 'string',
);
export const SCHEMA = kindOf(
  'a schema of the Standard Schema, such as z.object({ ... })',
  isStandardSchema,
);
/** A name, key or id: it must come back from the store as it went in. */
export const NAME = kindOf(
  `a text of 1 to ${MAX_NAME_LENGTH} whole characters`,
  (value) =>
    typeof value === 'string' &&
    value !== '' &&
    value.length <= MAX_NAME_LENGTH &&
    value.isWellFormed(),
);

/** A whole number; `Infinity` where `most` is. */
export function whole(least: number, most = Number.MAX_SAFE_INTEGER): Kind {
  const upTo = most >= Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
  return kindOf(
    `a whole number ${upTo}`,
    (value) =>
      typeof value === 'number' &&
      (Number.isSafeInteger(value) || value === most) &&
      value >= least &&
      value <= most,
  );
}

/** A number that is not below 0, such as of milliseconds. */
export const AMOUNT = kindOf(
  'a number from 0',
  (value) => typeof value === 'number' && Number.isFinite(value) && value >= 0,
);

/** One of a few words. */
export function oneOf(words: readonly string[]): Kind {
  const takes = listed(words);
  return {
    takes,
    faultOf: (value) => {
      if (typeof value === 'string' && words.includes(value)) return null;
      const hint = typeof value === 'string' ? meantInstead(value, words) : '';
      return { path: '', what: `is ${shown(value)}${hint}; give ${takes}` };
    },
  };
}

/** A list of values of one kind. */
export function listOf(kind: Kind, what: string): Kind {
  const takes = `a list of ${what}`;
  return {
    takes,
    faultOf: (value) => {
      if (!Array.isArray(value)) return { path: '', what: `is ${shown(value)}; give ${takes}` };
      for (const [index, each] of value.entries()) {
        const fault = kind.faultOf(each);
        if (fault !== null) return { ...fault, path: joined(String(index), fault.path) };
      }
      return null;
    },
  };
}

/** An object whose members, of any name, are of one kind. */
export function mapOf(kind: Kind, what: string): Kind {
  const takes = `an object of ${what}`;
  return {
    takes,
    faultOf: (value) => {
      if (!isObject(value)) return { path: '', what: `is ${shown(value)}; give ${takes}` };
      for (const name of Object.keys(value)) {
        const fault = kind.faultOf(value[name]);
        if (fault !== null) return { ...fault, path: joined(name, fault.path) };
      }
      return null;
    },
  };
}

/** An object with certain members and no other. One that is undefined counts as not given. */
export function optionsOf(members: Members): Kind {
  const names = Object.keys(members);
  const needed = names.filter((name) => members[name]?.isRequired === true);
  const takes = `an object with ${listed(needed.length > 0 ? needed : names, 'and')}`;
  return {
    takes,
    faultOf: (value) => {
      if (!isObject(value)) return { path: '', what: `is ${shown(value)}; give ${takes}` };
      for (const name of Object.keys(value)) {
        if (!Object.hasOwn(members, name)) return unknownMember(name, names);
        const member = value[name];
        const fault = member === undefined ? null : members[name]?.faultOf(member);
        if (fault) return { ...fault, path: joined(name, fault.path) };
      }
      for (const name of needed) {
        if (value[name] !== undefined) continue;
        return { path: name, what: `is missing; give ${members[name]?.takes ?? 'it'}` };
      }
      return null;
    },
  };
}

/** Either kind. */
export function either(one: Kind, other: Kind): Kind {
  return {
    takes: `${one.takes}, or ${other.takes}`,
    faultOf: (value) => {
      const isOther = isObject(value);
      const fault = (isOther ? other : one).faultOf(value);
      if (fault === null || fault.path !== '') return fault;
      return { path: '', what: `is ${shown(value)}; give ${one.takes}, or ${other.takes}` };
    },
  };
}

/** Words as people list them. */
export function listed(words: readonly string[], last = 'or'): string {
  if (words.length < 2) return words[0] ?? 'nothing';
  return `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1) ?? ''}`;
}

function unknownMember(name: string, known: readonly string[]): Fault {
  const what = `is not known${meantInstead(name, known)}; known: ${listed(known, 'and')}`;
  return { path: name, what };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function joined(name: string, inner: string): string {
  return inner === '' ? name : `${name}.${inner}`;
}
