/**
 * A group of dead letters as it stands in addresses and forms.
 */
import type { LetterGroupKey } from '../../../store/read-models.ts';
import { badQuery, statusOf, textOf } from '../../query.ts';

/** The group that is named; `null`: all letters. Throws `query-invalid`. */
export function letterGroupOf(query: URLSearchParams): LetterGroupKey | null {
  const type = textOf(query, 'type');
  const kind = textOf(query, 'kind');
  if (type === null && kind === null) return null;
  if (type === null || kind === null) throw badQuery('kind', 'stands with type and code');
  return { type, kind: statusOf(kind), code: textOf(query, 'code') ?? '' };
}

/** The group in the words of an address. */
export function letterGroupQuery({ type, kind, code }: LetterGroupKey): URLSearchParams {
  return new URLSearchParams({ type, kind, code });
}
