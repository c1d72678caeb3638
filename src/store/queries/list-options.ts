/** What lists of sagas are asked with, for callers that the types do not reach. */
import { BackstepError } from '../../core/errors.ts';
import {
  AMOUNT,
  check,
  kindOf,
  listOf,
  oneOf,
  optionsOf,
  required,
  TEXT,
} from '../../core/options-reader.ts';
import { SAGA_STATUSES } from '../../core/status.ts';
import type { Page, SagaFilter } from '../read-models.ts';

/** Most rows of one page. */
const MAX_PAGE_SIZE = 200;

const FILTER = optionsOf({
  type: TEXT,
  status: listOf(oneOf(SAGA_STATUSES), 'statuses'),
  step: TEXT,
  minAttempts: AMOUNT,
  updatedBeforeMs: kindOf('milliseconds since 1970', Number.isFinite),
  text: TEXT,
});

const PAGE = optionsOf({
  // The bounds of the numbers are checked below.
  limit: required(kindOf('a whole number', (value) => typeof value === 'number')),
  cursor: required(
    kindOf(
      'null for the first page, or the nextCursor of the one before',
      (value) => value === null || typeof value === 'string',
    ),
  ),
});

/** The filter itself. Throws `input-invalid`: one that is not known would let every saga through. */
export function checkedFilter(filter: SagaFilter, question: string): SagaFilter {
  check(filter, FILTER, `${question}, the filter`, 'input-invalid');
  return filter;
}

/** The rows wanted. Throws `input-invalid`. */
export function pageSize(page: Page): number {
  check(page, PAGE, 'the page of a list', 'input-invalid');
  const { limit } = page;
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_PAGE_SIZE) return limit;
  const message = `must be a whole number from 1 to ${MAX_PAGE_SIZE}`;
  const issues = [{ path: 'limit', message, isTypeError: !Number.isInteger(limit) }];
  throw new BackstepError('input-invalid', `the limit ${message}`, { issues });
}
