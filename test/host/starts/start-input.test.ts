/** Which starts of a key are the same: told by what was given, and by what the schema made of it. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import {
  hashOf,
  isOfInput,
  isSameStart,
  parseInput,
} from '../../../src/host/starts/start-input.ts';

const kept = async (input: z.ZodType, given: unknown) =>
  (await parseInput({ input }, given)).inputHash;
const plain = z.object({ of: z.string() });
const counted = plain.extend({ count: z.number().default(1) });
const next = z.number().transform((count) => count + 1);

test('what was given makes a start the same, whatever a later schema makes of it', async () => {
  const before = await kept(plain, { of: 'a' });
  expect(isSameStart(before, await kept(counted, { of: 'a' }))).toBe(true);
  expect(isSameStart(before, await kept(counted, { of: 'b' }))).toBe(false);
  expect(isSameStart(before, await kept(counted, { of: 'a', count: 2 }))).toBe(false);
});

test('a value that the schema makes up, such as the time, makes no other start', async () => {
  let now = 0;
  const stamped = plain.extend({ at: z.number().default(() => now++) });
  const first = await kept(stamped, { of: 'a' });
  expect(isSameStart(first, await kept(stamped, { of: 'a' }))).toBe(true);
  expect(isSameStart(first, await kept(stamped, { of: 'a', at: 7 }))).toBe(false);
});

test('what the schema makes of it makes a start the same, however it was given', async () => {
  const left = await kept(counted, { of: 'a', more: 'is dropped' });
  expect(isSameStart(left, await kept(counted, { count: 1, of: 'a' }))).toBe(true);
});

test('what one start gave is not taken for what the schema made of another', async () => {
  const one = await kept(next, 1);
  expect(isSameStart(one, await kept(next, 2))).toBe(false);
  expect(isSameStart(await kept(next, 2), one)).toBe(false);
  expect(isOfInput(one, hashOf(2))).toBe(true);
  expect(isOfInput(one, hashOf(1))).toBe(false);
});

test('a start that 0.1.0 kept is known by what its schema made of it', async () => {
  const before = hashOf({ of: 'a' });
  expect(isSameStart(before, await kept(plain, { of: 'a' }))).toBe(true);
  expect(isSameStart(before, await kept(plain, { of: 'b' }))).toBe(false);
  expect(isSameStart(before, await kept(counted, { of: 'a' }))).toBe(false);
});
