/** A few of what `npm run mutants` does; more of them: generated.long.test.ts. */
import { expect, test } from 'vitest';
import { Score } from './score.ts';

const FIRST = 101;
const SAGAS = 6;
const MUTANTS = 3;

test('verify misses no mistake in a few random sagas that does harm, and accuses no sound one', () => {
  const score = new Score();
  for (let seed = FIRST; seed < FIRST + SAGAS; seed++) score.add(seed, MUTANTS);
  const { alarms, unsound, misses, unshown, unproved } = score;
  expect([alarms, unsound, misses, unshown, unproved].flat()).toEqual([]);
  expect(score.verdicts.get('found')).toBeGreaterThan(score.mutants / 4);
});
