/** A share of what is wrong with requests, always the same; more of it, over PostgreSQL too: http-fuzz.long.test.ts. */
import { expect, test } from 'vitest';
import { fuzz, fuzzLimitMs, REACHED } from './fuzz.ts';

const REQUESTS = 1_000;

test(
  `${REQUESTS} wrong requests get no 5xx, crash nothing and take no memory`,
  async () => {
    expect(await fuzz(REQUESTS)).toEqual(REACHED);
  },
  fuzzLimitMs(REQUESTS),
);
