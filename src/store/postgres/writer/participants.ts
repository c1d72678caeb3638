/**
 * Statements of transactional activities and of participants' own writes, as they go to PostgreSQL.
 *
 * They come from user code: what they may never do is end the transaction or change the connection.
 * Pure.
 */
import type { ExpectedStatement } from '../../../core/activity.ts';
import type { BatchItem, ItemOutcome } from '../../batch-items.ts';
import type { Answer, Statement } from '../connection/pipeline.ts';
import type { WireParameter } from '../connection/wire.ts';

/** What may stand in a plan; all else (BEGIN, SET, CALL, DDL) is refused. */
const WRITING = /^\s*(?:insert|update|delete|merge|with)\b/i;

/** The statements of an item that are not the engine's. */
export function ownStatements(item: BatchItem): readonly ExpectedStatement[] {
  if (item.kind === 'acknowledge') return [];
  return item.kind === 'write' ? item.statements : (item.extras?.statements ?? []);
}

/** How they are sent. Throws for one that may not be, or whose parameters cannot. */
export function toStatements(statements: readonly ExpectedStatement[]): readonly Statement[] {
  return statements.map(({ sql, parameters }) => {
    if (!WRITING.test(sql)) throw new Error('a plan may only insert, update or delete');
    return { sql, parameters: parameters.map(toParameter) };
  });
}

/** What they came to, from an answer for each. */
export function readChanges(
  statements: readonly ExpectedStatement[],
  answers: readonly Answer[],
): Extract<ItemOutcome, { kind: 'written' | 'unmet' }> {
  const changes: number[] = [];
  for (const [index, { expect }] of statements.entries()) {
    const changed = answers[index]?.count ?? 0;
    if (expect !== undefined && changed !== expect.changes) {
      return { kind: 'unmet', code: expect.code, message: expect.message };
    }
    changes.push(changed);
  }
  return { kind: 'written', changes };
}

/** As pg maps values, so that what its users know holds here. Throws for what is no value. */
export function toParameter(value: unknown): WireParameter {
  if (value === null || value === undefined) return null;
  if (value instanceof Uint8Array) return value;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return arrayText(value);
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value);
    case 'object':
      return JSON.stringify(value);
    case 'undefined':
    case 'function':
    case 'symbol':
      break;
  }
  throw new TypeError(`a parameter cannot be stored: ${typeof value}`);
}

/** The text of an array of PostgreSQL. */
function arrayText(values: readonly unknown[]): string {
  const parts = values.map((value) => {
    if (Array.isArray(value)) return arrayText(value);
    const parameter = toParameter(value);
    if (parameter === null) return 'NULL';
    const text = typeof parameter === 'string' ? parameter : hexOf(parameter);
    return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  });
  return `{${parts.join(',')}}`;
}

function hexOf(parameter: Exclude<WireParameter, string | null>): string {
  if (!(parameter instanceof Uint8Array)) throw new TypeError('a column is no parameter');
  return `\\x${Buffer.from(parameter).toString('hex')}`;
}
