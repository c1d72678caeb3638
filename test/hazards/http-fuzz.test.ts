/** A share of what is wrong with requests, always the same; more of it: http-fuzz.long.test.ts. */
import { test } from 'vitest';
import { fuzz, fuzzLimitMs } from './fuzz.ts';

const REQUESTS = 2_000;

test(
  `${REQUESTS} wrong requests get no 5xx, crash nothing and take no memory`,
  () => fuzz(REQUESTS),
  fuzzLimitMs(REQUESTS),
);
