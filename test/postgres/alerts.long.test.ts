/** Alerts of two engines over one PostgreSQL database: one of them sends. */
import { expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { defineSaga } from '../../src/core/define/saga.ts';
import { PermanentError } from '../../src/core/failure.ts';
import type { Backstep } from '../../src/host/backstep.ts';
import { openBackstep } from '../../src/runtime/open-backstep.ts';
import { describeOnPostgres, migratedDatabase } from './databases.ts';

type Break = { break: (input: null) => void };

const breakSaga = defineSaga({ id: 'break', input: z.null(), activities: {} as Break })
  .step('break', { kind: 'pivot', input: () => null })
  .step('again', { kind: 'retriable', activity: 'break', input: () => null })
  .build();

interface Told {
  readonly by: string;
  readonly id: string;
  readonly type: string;
}

async function opened(url: string, by: string, told: Told[]): Promise<Backstep> {
  const backstep = await openBackstep({
    database: url,
    label: by,
    alerts: {
      rules: [{ name: 'letters', when: { kind: 'dead-letter' } }],
      targets: { desk: ({ type }, { id }) => void told.push({ by, id, type }) },
      gather: 0,
    },
  });
  backstep.register(breakSaga, {
    activities: {
      break: (_, { step }) => {
        if (step === 'again') throw new PermanentError('broken', 'it is broken');
      },
    },
  });
  onTestFinished(() => backstep.stop({ within: 0 }));
  return backstep;
}

describeOnPostgres('alerts over PostgreSQL', () => {
  it('are sent by the owner, a trial that the standby is asked for too; a take-over tells nothing twice', async () => {
    const { url } = await migratedDatabase();
    const told: Told[] = [];
    const owner = await opened(url, 'owner', told);
    await owner.start();
    const standby = await opened(url, 'standby', told);
    const started = standby.start();
    const saga = await standby.spawn(breakSaga, { input: null });
    await owner.saga(saga.id).settled();
    await expect.poll(() => told.length, { timeout: 10_000 }).toBe(1);
    expect(told[0]).toMatchObject({ by: 'owner', type: 'alert.opened' });

    const id = await standby.alerts.trial('desk', 'ada');
    await expect.poll(() => told.length, { timeout: 10_000 }).toBe(2);
    expect(told[1]).toEqual({ by: 'owner', id, type: 'alert.trial' });
    const page = { limit: 10, cursor: null };
    const { items } = await standby.alerts.incidents(page, true);
    expect(items).toMatchObject([{ rule: 'letters', sagas: [saga.id] }]);

    await owner.stop();
    await started;
    await standby.saga(saga.id).command({ name: 'accept-partial' });
    await expect.poll(() => told.length, { timeout: 10_000 }).toBe(3);
    expect(told[2]).toMatchObject({ by: 'standby', type: 'alert.resolved' });
    expect(new Set(told.map((each) => each.id)).size).toBe(3);
  }, 60_000);
});
