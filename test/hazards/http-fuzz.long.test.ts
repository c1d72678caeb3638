/** Many requests that are wrong; BACKSTEP_FUZZ_REQUESTS sets how many, BACKSTEP_FUZZ_SEED which. */
import { test } from 'vitest';
import { fuzz, fuzzLimitMs } from './fuzz.ts';

const REQUESTS = Number(process.env['BACKSTEP_FUZZ_REQUESTS'] ?? 10_000);

test(
  `${REQUESTS} wrong requests get no 5xx, crash nothing and take no memory`,
  () => fuzz(REQUESTS),
  fuzzLimitMs(REQUESTS),
);
