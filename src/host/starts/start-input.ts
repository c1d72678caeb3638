/** The input of a start: held against the schema of its saga, and told apart from others. */
import { createHash } from 'node:crypto';
import type { SagaDefinition } from '../../core/define/definition.ts';
import { canonicalJson, keepJson, takeJson } from '../../core/json.ts';
import { parseWith } from '../../core/standard-schema.ts';

/** The input as the schema gives it. Throws `not-json`, and `input-invalid` naming the member. */
export async function parseInput(
  { input: schema }: Pick<SagaDefinition, 'input'>,
  input: unknown,
): Promise<unknown> {
  const kept = keepJson(input, 'input');
  // A copy: the caller may go on using what it gave.
  return takeJson(schema === null ? kept : await parseWith(schema, kept), 'input');
}

/** SHA-256 (hex) of the canonical JSON of a parsed input: what makes two starts of a key equal. */
export function inputHashOf(parsed: unknown): string {
  return createHash('sha256').update(canonicalJson(parsed)).digest('hex');
}
