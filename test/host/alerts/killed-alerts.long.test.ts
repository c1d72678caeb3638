/** The same at every moment there is, over both databases. */
import { expect, it } from 'vitest';
import { describeOnPostgres, migratedDatabase } from '../../postgres/databases.ts';
import { temporaryDatabase } from '../../store/store-fixture.ts';
import { expectToldOnce, receiver, run, SECRET } from './killed-alerts.ts';

/** Processes at once. */
const AT_ONCE = 3;

async function expectAtEveryMoment(database: () => Promise<string> | string): Promise<void> {
  const { url } = await receiver();
  const moments = await run({ database: await database(), url, secret: SECRET, dieAt: 0 });
  expect(moments).toBeGreaterThan(15);
  let next = 1;
  let died = 0;
  const lane = async (): Promise<void> => {
    for (let at = next++; at <= (moments ?? 0); at = next++) {
      if (await expectToldOnce(await database(), at)) died += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  expect(died).toBeGreaterThan((moments ?? 0) - 4);
}

it('over SQLite', () => expectAtEveryMoment(temporaryDatabase), 300_000);

describeOnPostgres('over PostgreSQL', () => {
  it('too', () => expectAtEveryMoment(async () => (await migratedDatabase()).url), 300_000);
});
