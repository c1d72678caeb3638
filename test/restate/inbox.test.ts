/** Rows of the inbox that a face takes a second time, because it ended before it could settle them. */
import { expect, it } from 'vitest';
import { statementOf } from '../../src/store/dialect.ts';
import type { Store } from '../../src/store/store.ts';
import { FakeActivities } from '../../src/testing/fake-activities.ts';
import { INPUT, requestSaga } from '../conformance/sagas.ts';
import { describeOnRestate } from './rig.ts';
import { Stage } from './stage.ts';

const POLLING = { timeout: 10_000, interval: 20 };

describeOnRestate('rows of the inbox on Restate', () => {
  it('that are taken again start no other saga, send no other event and order nothing twice', async () => {
    const waits = requestSaga();
    const fakes = new FakeActivities(waits);
    const register: Parameters<typeof Stage.open>[0] = (worker) => worker.register(waits, fakes);
    const stage = await Stage.open(register);
    const backstep = await stage.face();
    const { read } = backstep;
    const store = backstep.store as Store;
    const rowOf = (
      id: number,
      kind: 'start' | 'event' | 'command',
      target: string,
      given: object,
    ) =>
      statementOf(
        store
          .tables()
          .insertInto('inbox')
          .values({ id, created_at: 1, kind, target, payload: JSON.stringify(given) }),
      );
    const takes = async (row: ReturnType<typeof rowOf>): Promise<void> => {
      const { inboxTaken } = backstep.figures();
      await store.write([row]);
      await expect.poll(() => backstep.figures().inboxTaken, POLLING).toBe(inboxTaken + 1);
    };
    const started = rowOf(1, 'start', 'request', INPUT);
    await takes(started);
    await takes(started);
    await expect.poll(() => read.countSagas({}), POLLING).toBe(1);
    const [found] = (await read.feedAfter(0, 1, {})) ?? [];
    const saga = backstep.saga(found?.sagaId ?? '');
    await saga.waitFor(({ status }) => status === 'waiting', { within: '20s' });
    const paused = rowOf(2, 'command', saga.id, { name: 'pause', by: 'ada' });
    await takes(paused);
    await saga.command({ name: 'resume', by: 'ada' });
    await takes(paused);
    expect(await saga.state()).toMatchObject({ status: 'waiting' });
    const approved = rowOf(3, 'event', saga.id, { type: 'approve' });
    await takes(approved);
    expect(await saga.settled({ within: '20s' })).toMatchObject({ status: 'completed' });
    await takes(approved);
    expect(await read.inboxFigures()).toMatchObject({ waiting: 0, refused: 0 });
    expect(fakes.standing).toEqual(['file', 'grant']);
  });
});
