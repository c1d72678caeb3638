/** What a trip may be started with, and what a person is told of the rest. */
import { describe, expect, test } from 'vitest';
import { TripInput } from '../../machines/trip-parts.ts';
import { BackstepError, type Issue } from '../../src/core/errors.ts';
import { parseWith } from '../../src/core/standard-schema.ts';
import { TRIP } from './trip-driver.ts';

const { approveWithinMs: _, ...GIVEN } = TRIP;

async function issuesOf(input: unknown): Promise<readonly Issue[]> {
  try {
    await parseWith(TripInput, input);
  } catch (error) {
    if (error instanceof BackstepError) return error.issues;
    throw error;
  }
  return [];
}

describe('the input of a trip', () => {
  test('takes what is needed, and a day to think it over unless told', async () => {
    expect(await parseWith(TripInput, GIVEN)).toEqual(TRIP);
    const brief = { ...GIVEN, currency: undefined, approveWithin: '90s' };
    expect(await parseWith(TripInput, brief)).toMatchObject({
      currency: 'EUR',
      approveWithinMs: 90_000,
    });
  });

  test.each(['0s', '31d', 'soon', '', '-1h', '24'])(
    'refuses "%s" to think it over',
    async (time) => {
      const [issue] = await issuesOf({ ...GIVEN, approveWithin: time });
      expect(issue).toMatchObject({ path: 'approveWithin', isTypeError: false });
      expect(issue?.message).toContain('such as 24h');
    },
  );

  test.each([
    ['tripId', ' '],
    ['traveller', 7],
    ['destination', undefined],
    ['nights', 0],
    ['nights', 1.5],
    ['amountMinor', '899'],
    ['currency', 'gold'],
  ])('names %s when it is %j', async (path, value) => {
    const issues = await issuesOf({ ...GIVEN, [path]: value });
    expect(issues.map((issue) => issue.path)).toEqual([path]);
  });

  test('names a member that it does not know, and everything that is wrong at once', async () => {
    const issues = await issuesOf({ ...GIVEN, nights: 0, aproveWithin: '1h' });
    expect(issues).toHaveLength(2);
    expect(JSON.stringify(issues)).toContain('aproveWithin');
  });
});
