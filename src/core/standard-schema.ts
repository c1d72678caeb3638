/**
 * The part of the Standard Schema interface (standardschema.dev, version 1) that Backstep reads.
 * Any validation library that implements it can describe a saga's input.
 */
import { BackstepError, type Issue } from './errors.ts';

export interface StandardSchema<Output = unknown, Input = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** Standard JSON Schema: the schema in words that other programs read. */
    readonly jsonSchema?:
      | { readonly input: (options: { readonly target: string }) => Record<string, unknown> }
      | undefined;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** What a schema says of a value. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** What a schema does not accept, and where. */
export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The type a schema gives. */
export type SchemaOutput<S> = S extends StandardSchema<infer Output> ? Output : never;

/** The type a schema takes. */
export type SchemaInput<S> = S extends StandardSchema<unknown, infer Input> ? Input : never;

/** Whether something from outside the types, such as plain JavaScript, is a schema. */
export function isStandardSchema(value: unknown): value is StandardSchema {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false;
  const standard: unknown = Reflect.get(value, '~standard');
  if (standard === null || typeof standard !== 'object') return false;
  return 'validate' in standard && typeof standard.validate === 'function';
}

/** The parsed value. Throws `input-invalid` with every issue. */
export async function parseWith<Output>(
  schema: StandardSchema<Output>,
  value: unknown,
): Promise<Output> {
  const result = await schema['~standard'].validate(value);
  if (result.issues === undefined) return result.value;
  const issues = toIssues(result.issues);
  const first = issues[0];
  const place = first === undefined || first.path === '' ? 'input' : first.path;
  throw new BackstepError('input-invalid', `${place}: ${first?.message ?? 'not accepted'}`, {
    issues,
  });
}

/** What a schema refuses, in words of ours: members by path. */
export function toIssues(issues: readonly SchemaIssue[]): readonly Issue[] {
  return issues.map(toIssue);
}

function toIssue(issue: SchemaIssue): Issue {
  const path = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part));
  return { path: path.join('.'), message: issue.message, isTypeError: isTypeIssue(issue) };
}

// The standard has no codes; zod's `code` tells a wrong shape from a value out of range.
function isTypeIssue(issue: SchemaIssue): boolean {
  if (!('code' in issue)) return false;
  return (
    issue.code === 'invalid_type' ||
    issue.code === 'invalid_union' ||
    issue.code === 'unrecognized_keys'
  );
}
