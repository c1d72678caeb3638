import { describe, expect, it } from 'vitest';
import { BackstepError, type ErrorCode } from '../../src/core/errors.ts';
import { problemOf, problemResponse } from '../../src/server/error-response.ts';

describe('an error as an answer', () => {
  it.each<[ErrorCode, number]>([
    ['input-invalid', 422],
    ['not-json', 400],
    ['not-found', 404],
    ['conflict', 409],
    ['not-legal', 409],
    ['overloaded', 429],
    ['unavailable', 503],
    ['storage-failed', 503],
    ['storage-refused', 500],
    ['state-unreadable', 500],
    ['definition-invalid', 500],
  ])('has for %s the status %i and that code', async (code, status) => {
    const response = problemResponse(problemOf(new BackstepError(code, 'why')));
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code, status });
  });

  it('says when to try again, in whole seconds', () => {
    const retry = (retryAfterMs?: number) =>
      problemResponse(
        problemOf(
          new BackstepError(
            'overloaded',
            'full',
            retryAfterMs === undefined ? {} : { retryAfterMs },
          ),
        ),
      ).headers.get('retry-after');
    expect([retry(), retry(1), retry(2_500)]).toEqual(['1', '1', '3']);
  });

  it('says that the outcome is unknown after a storage failure, not that it was refused', async () => {
    const problem = problemOf(new BackstepError('storage-failed', 'EIO on /var/x'));
    expect(problem.body.detail).toMatch(/unknown.*same key/);
    expect(problem.body.detail).not.toContain('/var/x');
    expect(problem.isOurFault).toBe(true);
  });

  it.each([
    ['an error', new Error('secret')],
    ['a string', 'secret'],
    ['nothing', undefined],
    ['an object with a hostile getter', Object.defineProperty({}, 'code', { get: fail })],
    ['state that cannot be read', new BackstepError('state-unreadable', 'secret')],
  ])('tells nothing of %s', (_, thrown) => {
    const problem = problemOf(thrown);
    expect(problem.body.status).toBe(500);
    expect(JSON.stringify(problem.body)).not.toContain('secret');
    expect(problem.isOurFault).toBe(true);
  });
});

function fail(): never {
  throw new Error('secret');
}
