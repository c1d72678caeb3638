/**
 * Values that a schema takes, as it gives them: proposed by its JSON Schema where its library has
 * one (the JSON Schema part of Standard Schema), else by what the machine reads, mended member by
 * member by what the schema refuses.
 *
 * Invariant: every value was taken by the schema itself.
 */
import { toIssues, type StandardSchema } from '../../core/standard-schema.ts';
import { readFields } from '../../core/machine/machine-nodes.ts';
import { valuesFor } from './json-schema-values.ts';

/** What came of it. */
export type SchemaSamples =
  | { readonly kind: 'taken'; readonly values: readonly unknown[] }
  /** `path`: of the member that none of the values tried was good for. */
  | { readonly kind: 'refused'; readonly path: string; readonly why: string }
  /** It answers with a promise, for which nobody here can wait. */
  | { readonly kind: 'unknown'; readonly proposed: unknown };

/** Tried in place of a member that is refused. */
const REPLACEMENTS: readonly unknown[] = [
  'example',
  1,
  true,
  {},
  [],
  null,
  'customer@example.com',
  'https://example.com/',
  '00000000-0000-4000-8000-000000000001',
  '2030-01-01T00:00:00Z',
  '2030-01-01',
  '12345',
  'EUR',
  100,
  'example-example-example',
];

const MAX_REPAIRS = 200;

/**
 * @param made what the machine reads of the value
 * @param deciding the outermost members in which several values differ
 */
export function samplesOfSchema(
  schema: StandardSchema,
  made: unknown,
  deciding: ReadonlySet<string> | 'all',
): SchemaSamples {
  const proposals = valuesFor(jsonSchemaOf(schema), made, deciding);
  const [first = made] = proposals;
  const mended = mend(schema, first);
  if (mended.kind !== 'taken') return mended;
  const others = proposals.slice(1).flatMap((proposal) => {
    const whole = mended.fixes.reduce((value, [path, by]) => replaced(value, path, by), proposal);
    const answer = ask(schema, whole);
    return answer === null || answer.issues !== undefined ? [] : [answer.value];
  });
  return { kind: 'taken', values: distinct([mended.value, ...others]) };
}

/** `null`: the answer is a promise. */
function ask(schema: StandardSchema, value: unknown) {
  const answer = schema['~standard'].validate(value);
  return 'then' in answer ? null : answer;
}

/** The schema of what is to be parsed, if its library gives one. */
function jsonSchemaOf(schema: StandardSchema): unknown {
  const { input } = readFields(readFields(schema['~standard'])['jsonSchema']);
  if (typeof input !== 'function') return null;
  try {
    return Reflect.apply(input, undefined, [{ target: 'draft-2020-12' }]) as unknown;
  } catch {
    return null; // it has parts that JSON Schema cannot say
  }
}

type Mended =
  | Exclude<SchemaSamples, { kind: 'taken' }>
  | { readonly kind: 'taken'; readonly value: unknown; readonly fixes: readonly Fix[] };

/** A member, and what was put there. */
type Fix = readonly [readonly string[], unknown];

/** Replaces what the schema refuses, member by member, until it takes the whole. */
function mend(schema: StandardSchema, first: unknown): Mended {
  let value = first;
  const tried = new Map<string, number>();
  const fixes = new Map<string, Fix>();
  for (let count = 0; count < MAX_REPAIRS; count++) {
    const answer = ask(schema, value);
    if (answer === null) return { kind: 'unknown', proposed: value };
    if (answer.issues === undefined) {
      return { kind: 'taken', value: answer.value, fixes: [...fixes.values()] };
    }
    const [raw] = answer.issues;
    const [issue = { path: '', message: 'it is refused' }] = toIssues(answer.issues);
    const next = tried.get(issue.path) ?? 0;
    const replacements = [...listed(raw), ...REPLACEMENTS, ...wordsOf(issue.message)];
    if (next >= replacements.length) {
      return { kind: 'refused', path: issue.path, why: `the schema says: ${issue.message}` };
    }
    tried.set(issue.path, next + 1);
    const path = issue.path === '' ? [] : issue.path.split('.');
    fixes.set(issue.path, [path, replacements[next]]);
    value = replaced(value, path, replacements[next]);
  }
  return { kind: 'refused', path: '', why: 'the schema takes nothing of what was tried' };
}

/** What a library says would be taken, as zod does. */
function listed(issue: unknown): readonly unknown[] {
  const { values } = readFields(issue);
  return Array.isArray(values) ? values : [];
}

/** A message often names what would be taken: "must be one of card, bank". */
function wordsOf(message: string): readonly string[] {
  return message.split(/[\s,;:|"'`]+/).filter((word) => word !== '');
}

function replaced(value: unknown, path: readonly string[], by: unknown): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return by;
  if (Array.isArray(value)) {
    const copy: unknown[] = [...(value as readonly unknown[])];
    copy[Number(name)] = replaced(copy[Number(name)], rest, by);
    return copy;
  }
  const members = readFields(value);
  return { ...members, [name]: replaced(members[name], rest, by) };
}

function distinct(values: readonly unknown[]): readonly unknown[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}

/** True for a value that the schema takes at once. */
export function isTaken(schema: StandardSchema, value: unknown): boolean {
  const answer = ask(schema, value);
  return answer !== null && answer.issues === undefined;
}

/** True for a schema that says nothing, so that what it takes is no better than made up. */
export function takesAnything(schema: StandardSchema): boolean {
  return [null, 'backstep', -1, [], {}].every((value) => ask(schema, value)?.issues === undefined);
}
