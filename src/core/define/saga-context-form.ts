/**
 * Whether a stored context is one that machines compiled here can go on with.
 *
 * Pure. A context of another form would otherwise fail in whatever guard reads it first.
 */
import { isRecord, lackIn } from '../history/stored-shape.ts';
import type { SagaContext } from './saga-context.ts';

const MEMBERS = {
  results: isRecord,
  owed: (value: unknown) => value === undefined || Array.isArray(value),
  tries: isRecord,
  failure: (value: unknown) => value === null || isRecord(value),
} satisfies Partial<Record<keyof SagaContext, (value: unknown) => boolean>>;

/** What is wrong with it; `null`: nothing. */
export function contextFlaw(context: unknown): string | null {
  const lack = lackIn(context, MEMBERS, 'context');
  return lack === null ? null : `lacks what every saga's context has: ${lack}`;
}
