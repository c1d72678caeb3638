/** The input of a start: held against the schema of its saga, and told apart from others. */
import { createHash } from 'node:crypto';
import type { SagaDefinition } from '../../core/define/definition.ts';
import { canonicalJson, keepJson, takeJson } from '../../core/json.ts';
import { parseWith } from '../../core/standard-schema.ts';

/** What a start brought. */
export interface StartInput {
  /** As the schema gives it. */
  readonly input: unknown;
  /** See `isSameStart`. */
  readonly inputHash: string;
}

/** The input as the schema gives it. Throws `not-json`, and `input-invalid` naming the member. */
export async function parseInput(
  { input: schema }: Pick<SagaDefinition, 'input'>,
  given: unknown,
): Promise<StartInput> {
  const kept = keepJson(given, 'input');
  // Before the schema, which is user code and may change what it is handed.
  const givenHash = hashOf(kept);
  // A copy: the caller may go on using what it gave.
  const input = takeJson(schema === null ? kept : await parseWith(schema, kept), 'input');
  const parsedHash = hashOf(input);
  const inputHash = parsedHash + (givenHash === parsedHash ? '=' : `/${givenHash}`);
  return { input, inputHash };
}

/**
 * Whether two starts of a key have the same input: as it was given, or as the schema made it. What
 * was given alone stays the same when the schema changes, or makes up a value such as the time.
 *
 * A start is kept as the hash of its parsed input, SHA-256 (hex) of canonical JSON, with `/` and the
 * hash of the given one behind it, or `=` where that is the same; by 0.1.0 without either.
 */
export function isSameStart(one: string, other: string): boolean {
  const given = givenHashOf(one);
  return isOfInput(one, parsedHashOf(other)) || (given !== null && given === givenHashOf(other));
}

/** Whether the kept start is of an input with that hash (`hashOf`), once parsed. */
export function isOfInput(inputHash: string, parsedHash: string): boolean {
  return parsedHashOf(inputHash) === parsedHash;
}

/** SHA-256 (hex) of the canonical JSON of a value. */
export function hashOf(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

function parsedHashOf(inputHash: string): string {
  return inputHash.split(/[=/]/, 1)[0] ?? '';
}

function givenHashOf(inputHash: string): string | null {
  if (inputHash.endsWith('=')) return inputHash.slice(0, -1);
  return inputHash.split('/')[1] ?? null;
}
