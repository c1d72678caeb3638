import { expect, test } from 'vitest';
import { isToken } from '../../../src/server/access/token.ts';

test('what a generator gives is a token', () => {
  expect(isToken('4f1c9a07d2e85b36c0419fe7a2b8d563')).toBe(true);
  expect(isToken('kWm4vZ8Q0uX1rTn6yB3cLpE7sJhD5aGf')).toBe(true);
});

test.each(['', 'a'.repeat(40), 'abcdefgh'.repeat(4), '4f1c9a07d2e85b36 0419fe7a2b8d5631'])(
  'what could be guessed is none: %j',
  (text) => {
    expect(isToken(text)).toBe(false);
  },
);
