/** A turn whose line somebody killed before the face could write it: its saga keeps the turn as well. */
import { expect, it } from 'vitest';
import { SERVICES } from '../../src/restate/names.ts';
import { INPUT, pivotSaga } from '../conformance/sagas.ts';
import { temporaryDatabase } from '../store/store-fixture.ts';
import { describeOnRestate } from './rig.ts';
import { findingsIn, Stage } from './stage.ts';

const answer = ({ of }: { readonly of: string }) => ({ receipt: of });
const POLLING = { timeout: 20_000, interval: 50 };

/** A saga that ended while no face was there, so that the lines of its turns wait. */
async function unwritten() {
  const isAway = Promise.withResolvers<void>();
  const decide = async (input: { readonly of: string }) => {
    await isAway.promise;
    return answer(input);
  };
  const activities = { hold: answer, unhold: answer, decide, deliver: answer };
  const stage = await Stage.open(({ register }) => register(pivotSaga, { activities }));
  const database = temporaryDatabase();
  const face = await stage.face(database);
  const { id } = await face.spawn(pivotSaga, { input: INPUT });
  await face.saga(id).waitFor(({ live }) => 'decide' in live.activities, { within: '20s' });
  await expect.poll(() => stage.callsOf(SERVICES.journal), POLLING).toEqual([]);
  await stage.closeFace();
  isAway.resolve();
  const appends = async () =>
    (
      await stage.server.query<{ id: string }>(
        `SELECT id FROM sys_invocation WHERE target_service_name = '${SERVICES.journal}'
          AND status <> 'completed' ORDER BY created_at`,
      )
    ).map((call) => call.id);
  await expect.poll(async () => (await appends()).length, POLLING).toBe(2);
  await expect.poll(() => stage.callsOf(SERVICES.saga), POLLING).toEqual([]);
  return { id, stage, database, appends: await appends() };
}

type Unwritten = Awaited<ReturnType<typeof unwritten>>;

async function expectWhole(
  { id, stage, database }: Unwritten,
  face: Awaited<ReturnType<Stage['face']>>,
) {
  const status = async () => (await face.read.saga(id))?.status;
  await expect.poll(status, POLLING).toBe('completed');
  await expect.poll(() => stage.callsOf(SERVICES.journal), POLLING).toEqual([]);
  const { items } = await face.read.transitions(id, { limit: 100, cursor: null });
  expect(items.map(({ sagaSeq }) => sagaSeq)).toEqual([1, 2, 3, 4]);
  await stage.closeFace();
  expect(await findingsIn(database, [pivotSaga])).toEqual([]);
}

describeOnRestate('a turn whose line was killed', () => {
  it('is written by itself when that of a later one comes', async () => {
    const left = await unwritten();
    const { stage, database, appends } = left;
    await stage.killCall(appends[0] ?? '');
    await expectWhole(left, await stage.face(database));
  });

  it('is written by a nudge where none comes', async () => {
    const left = await unwritten();
    const { id, stage, database, appends } = left;
    await stage.killCall(appends[1] ?? '');
    const face = await stage.face(database);
    await expect.poll(() => stage.callsOf(SERVICES.journal), POLLING).toEqual([]);
    expect(await face.read.saga(id)).toMatchObject({ status: 'running' });
    expect(await face.calls?.nudge(id)).toMatchObject({ kind: 'waits' });
    await expectWhole(left, face);
  });
});
