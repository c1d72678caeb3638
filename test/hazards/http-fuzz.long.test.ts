/** Many requests that are wrong; BACKSTEP_FUZZ_REQUESTS sets how many, BACKSTEP_FUZZ_SEED which. */
import { expect, test } from 'vitest';
import { describeOnPostgres, migratedDatabase } from '../postgres/databases.ts';
import { fuzz, fuzzLimitMs, REACHED } from './fuzz.ts';

const REQUESTS = Number(process.env['BACKSTEP_FUZZ_REQUESTS'] ?? 10_000);

test(
  `${REQUESTS} wrong requests get no 5xx, crash nothing and take no memory`,
  async () => {
    expect(await fuzz(REQUESTS)).toEqual(REACHED);
  },
  fuzzLimitMs(REQUESTS),
);

// What is stored, sorted and searched there is other SQL.
describeOnPostgres('over PostgreSQL', () => {
  test(
    `${REQUESTS} wrong requests get no 5xx and crash nothing`,
    async () => {
      const { url } = await migratedDatabase();
      expect(await fuzz(REQUESTS, url)).toEqual(REACHED);
    },
    fuzzLimitMs(REQUESTS),
  );
});
