/** What is wrong is found out, and its neighbour that is right is left alone. */
import { describe, expect, test } from 'vitest';
import { verify } from '../../src/verify/verify.ts';
import { DRAWN, IMPURE, NEVER_TAKEN } from '../fixtures/defective-sagas/neighbours.ts';

describe.each(Object.entries({ IMPURE, NEVER_TAKEN, DRAWN }))('%s', (_, group) => {
  test.each(Object.entries(group))('%s', (_name, { wrong, right, ...about }) => {
    const { code, where, severity = 'error' } = about;
    const found = verify(wrong).findings;
    expect(found).toEqual([expect.objectContaining({ code, where, severity })]);
    expect(found[0]?.customer).toMatch(/^(A|What a) customer('s)? (?!.*\. ).*\.$/);
    expect(verify(right).findings).toEqual([]);
  });
});

test('the clock and chance are as before, whatever the code does', () => {
  const clock = Date;
  const chance = Math.random;
  for (const { wrong } of Object.values(IMPURE)) verify(wrong);
  expect(Date).toBe(clock);
  expect(Math.random).toBe(chance);
});
