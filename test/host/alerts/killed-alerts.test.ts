/** A dead letter's webhook arrives, once by its id, wherever the process was killed. */
import { expect, it } from 'vitest';
import { temporaryDatabase } from '../../store/store-fixture.ts';
import { expectToldOnce, receiver, run, SECRET } from './killed-alerts.ts';

/** Of the last moments, which are about the alert, one in so many; the long form tries all. */
const LAST = 12;
const ONE_IN = 4;

it('arrives though the process dies between its dead letter and the end of its delivery', async () => {
  const { url, received } = await receiver();
  const whole = { database: temporaryDatabase(), url, secret: SECRET, dieAt: 0 };
  const moments = (await run(whole)) ?? 0;
  expect(moments).toBeGreaterThan(LAST);
  expect(received).toHaveLength(1);
  const tried: Promise<boolean>[] = [];
  for (let at = moments - LAST + 1; at <= moments; at += ONE_IN) {
    tried.push(expectToldOnce(temporaryDatabase(), at));
  }
  await Promise.all(tried);
}, 60_000);
