/** What is wrong is found out, and its neighbour that is right is left alone. */
import { describe, expect, test } from 'vitest';
import { createMachine } from 'xstate';
import { durable } from '../../src/core/define/durable.ts';
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

test('a delay written as a number is compared with the one around it, as a named one is', () => {
  const limited = (outer: number, inner: number) =>
    createMachine({
      id: 'limited',
      initial: 'asking',
      states: {
        asking: {
          initial: 'first',
          after: { [outer]: 'over' },
          states: { first: { after: { [inner]: 'second' } }, second: { on: { ANSWER: '#over' } } },
        },
        over: { id: 'over', type: 'final' },
      },
    });
  const found = verify(durable(limited(1_000, 5_000))).findings;
  expect(found.map(({ code, where }) => `${code}, ${where}`)).toEqual([
    'never-in-time, the time limit "5000"',
  ]);
  expect(verify(durable(limited(5_000, 1_000))).findings).toEqual([]);
});

test('the clock and chance are as before, whatever the code does', () => {
  const clock = Date;
  const chance = Math.random;
  for (const { wrong } of Object.values(IMPURE)) verify(wrong);
  expect(Date).toBe(clock);
  expect(Math.random).toBe(chance);
});
