/** A share of what is wrong with requests, always the same; more of it: http-fuzz.long.test.ts. */
import { expect, test } from 'vitest';
import { describeOnPostgres, postgresDatabase } from '../postgres/databases.ts';
import { fuzz, fuzzLimitMs, REACHED } from './fuzz.ts';

const REQUESTS = 2_000;
/** What is stored, sorted and searched there is other SQL. */
const ON_POSTGRES = 1_000;

test(
  `${REQUESTS} wrong requests get no 5xx, crash nothing and take no memory`,
  async () => {
    expect(await fuzz(REQUESTS)).toEqual(REACHED);
  },
  fuzzLimitMs(REQUESTS),
);

describeOnPostgres('over PostgreSQL', () => {
  test(
    `${ON_POSTGRES} wrong requests get no 5xx and crash nothing`,
    async () => {
      const { url } = await postgresDatabase();
      expect(await fuzz(ON_POSTGRES, url)).toEqual(REACHED);
    },
    fuzzLimitMs(ON_POSTGRES),
  );
});
