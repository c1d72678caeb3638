/**
 * The fields of a form that asks for what a schema describes, and what was typed read back.
 *
 * Pure. A schema tells of itself by Standard JSON Schema; of one that does not, and of what no field
 * fits, JSON is asked for. Must never judge what the schema judges: only what is no JSON at all is
 * refused here.
 */
import { isJsonObject } from '../../body.ts';
import { findJsonFlaw } from '../../json-scan.ts';
import type { StandardSchema } from '../../../core/standard-schema.ts';

/** One thing to fill in. */
export interface Field {
  /** The member that it is; empty: the whole value. */
  readonly name: string;
  readonly kind: 'text' | 'email' | 'number' | 'yes-no' | 'choice' | 'json';
  readonly isRequired: boolean;
  /** What the schema says of it; empty: nothing. */
  readonly hint: string;
  /** What stands in it at first. */
  readonly preset: string;
  /** Of a choice: what may be chosen, as JSON values. */
  readonly choices: readonly unknown[];
  /** Least and most of a number, or of the length of a text; `null`: no bound. */
  readonly least: number | null;
  readonly most: number | null;
  /** Of a number: no fractions. */
  readonly isWhole: boolean;
}

/** What was typed, as a value, and what cannot be one, by the name of its field. */
export interface Typed {
  readonly value: unknown;
  readonly problems: ReadonlyMap<string, string>;
}

type Schema = Readonly<Record<string, unknown>>;

/** The fields for a schema; `null`: any JSON. `preset`: what stands in a box for the whole value. */
export function fieldsOf(schema: StandardSchema | null, preset = '{}'): readonly Field[] {
  const described = schema === null ? null : describedBy(schema);
  const members = described?.['properties'];
  const isOpen = described !== null && takesMore(described['additionalProperties']);
  if (!isJsonObject(members) || isOpen) return [{ ...NOTHING, kind: 'json', preset }];
  const required = described?.['required'];
  const names = Array.isArray(required) ? required : [];
  return Object.entries(members).map(([name, member]) =>
    fieldOf(name, isJsonObject(member) ? member : {}, names.includes(name)),
  );
}

/** The parameter of a form under which a field is sent. */
export function parameterOf({ name }: Pick<Field, 'name'>): string {
  return name === '' ? 'input' : `input.${name}`;
}

/** The value that was typed into a form with these fields. */
export function typedIn(fields: readonly Field[], form: ReadonlyMap<string, string>): Typed {
  const problems = new Map<string, string>();
  const members: [string, unknown][] = [];
  for (const field of fields) {
    const text = form.get(parameterOf(field)) ?? '';
    const read = readText(field, text);
    if ('problem' in read) problems.set(field.name, read.problem);
    else if (read.value !== undefined) members.push([field.name, read.value]);
  }
  const [first] = members;
  const isWhole = fields.length === 1 && fields[0]?.name === '';
  return { value: isWhole ? (first?.[1] ?? null) : Object.fromEntries(members), problems };
}

/** The field that a problem of a schema is about; `undefined`: none of them. */
export function fieldAt(fields: readonly Field[], path: string): Field | undefined {
  const named = fields.filter(({ name }) => path === name || path.startsWith(`${name}.`));
  // What stands for the whole value has every problem of it.
  if (fields.length === 1 && fields[0]?.name === '') return fields[0];
  return named.toSorted((one, other) => other.name.length - one.name.length)[0];
}

const NOTHING: Omit<Field, 'kind'> = {
  name: '',
  isRequired: false,
  hint: '',
  preset: '',
  choices: [],
  least: null,
  most: null,
  isWhole: false,
};

function describedBy(schema: StandardSchema): Schema | null {
  const { jsonSchema } = schema['~standard'];
  try {
    return jsonSchema?.input({ target: 'draft-2020-12' }) ?? null;
  } catch {
    return null; // it has something that JSON Schema has no words for
  }
}

function takesMore(additional: unknown): boolean {
  return additional === true || isJsonObject(additional);
}

function fieldOf(name: string, schema: Schema, isRequired: boolean): Field {
  const preset = schema['default'];
  const said = {
    ...NOTHING,
    name,
    isRequired: isRequired && preset === undefined,
    hint: typeof schema['description'] === 'string' ? schema['description'] : '',
    preset:
      preset === undefined ? '' : typeof preset === 'string' ? preset : JSON.stringify(preset),
  };
  const choices = 'const' in schema ? [schema['const']] : schema['enum'];
  if (Array.isArray(choices)) return { ...said, kind: 'choice', choices };
  switch (schema['type']) {
    case 'string': {
      const kind = schema['format'] === 'email' ? 'email' : 'text';
      const bounds = { least: numberIn(schema['minLength']), most: numberIn(schema['maxLength']) };
      return { ...said, kind, ...bounds };
    }
    case 'integer':
    case 'number': {
      const bounds = { least: numberIn(schema['minimum']), most: numberIn(schema['maximum']) };
      return { ...said, kind: 'number', isWhole: schema['type'] === 'integer', ...bounds };
    }
    case 'boolean':
      return { ...said, kind: 'yes-no', choices: [true, false] };
    default:
      return { ...said, kind: 'json' };
  }
}

function numberIn(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

type Read = { readonly value: unknown } | { readonly problem: string };

function readText({ kind, isRequired, choices }: Field, text: string): Read {
  const trimmed = text.trim();
  switch (kind) {
    case 'text':
    case 'email':
      // An empty text is one where there must be a text, and none where there may be.
      return { value: text === '' && !isRequired ? undefined : text };
    case 'number': {
      if (trimmed === '') return { value: undefined };
      const number = Number(trimmed);
      return Number.isFinite(number) ? { value: number } : { problem: 'must be a number' };
    }
    case 'yes-no':
    case 'choice':
      if (trimmed === '') return { value: undefined };
      return { value: choices.find((choice) => choiceText(choice) === text) ?? text };
    case 'json':
      return trimmed === '' ? { value: undefined } : readJson(text);
  }
}

/** A choice as it stands in a form. */
export function choiceText(choice: unknown): string {
  return typeof choice === 'string' ? choice : JSON.stringify(choice);
}

function readJson(text: string): Read {
  const flaw = findJsonFlaw(text);
  if (flaw !== null) return { problem: flaw };
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return { problem: 'must be JSON, such as { "by": "ada" }' };
  }
}
