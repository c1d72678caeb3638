/** Sagas that leave Restate for a database, and go on there. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { SagaState } from '../../../src/core/state.ts';
import { finishMove } from '../../../src/host/moves/close-move.ts';
import { exportSagas } from '../../../src/host/moves/export-sagas.ts';
import { importSagas } from '../../../src/host/moves/import-sagas.ts';
import {
  exportFromRestate,
  finishMoveOnRestate,
  importToRestate,
  takeBackMoveOnRestate,
} from '../../../src/restate/face/moves/moving.ts';
import { throughDoor } from '../../../src/restate/face/moves/door.ts';
import { LEFT } from '../../../src/restate/moves/move-words.ts';
import { openBackstep } from '../../../src/runtime/open-backstep.ts';
import { builderSaga, ownerSaga } from '../../conformance/talking-sagas.ts';
import { runnableIn } from '../../host/moves/runnable.ts';
import { describeOnPostgres, migratedDatabase } from '../../postgres/databases.ts';
import { temporaryDatabase } from '../../store/store-fixture.ts';
import { describeOnRestate } from '../rig.ts';
import { findingsIn, type Register } from '../stage.ts';
import { untilDone } from './killed.ts';
import { embedded, standOf } from './stand.ts';
import {
  askedTwice,
  BEFORE,
  goOn,
  repeatedKeys,
  SAGAS,
  stageSaga,
  stageWaits,
  stopped,
  tourSaga,
  tripDefinitions,
  Trips,
} from './trips.ts';

const PATIENCE_MS = 120_000;
const SOON = { within: '20s' } as const;

describeOnRestate('a move from Restate', () => {
  test(
    'takes sagas along from wherever they were stopped, and closes them there',
    async () => {
      const target = join(dirname(temporaryDatabase()), 'target.db');
      expect(await leaveFor(target)).toEqual([]);
    },
    PATIENCE_MS,
  );

  describeOnPostgres('for a server', () => {
    test(
      'takes them along as well',
      async () => {
        expect(await leaveFor((await migratedDatabase()).url)).toEqual([]);
      },
      PATIENCE_MS,
    );
  });

  test(
    'is finished by the same orders, wherever those before were killed',
    async () => {
      const before = new Trips();
      const { face, at, stage, database } = await standOf((each) => before.register(each));
      const ids: string[] = [];
      for (const of of ['a', 'b']) {
        ids.push((await face.spawn(stageSaga, { input: { of }, key: of })).id);
      }
      const tour = await face.spawn(tourSaga, { input: { of: 'c' }, key: 'c' });
      const child = `${tour.id}.stage.1`;
      for (const id of [...ids, child]) await stageWaits(face, id);
      const folder = dirname(temporaryDatabase());
      const [file, target] = [join(folder, 'sagas.jsonl'), join(folder, 'target.db')];
      const runs = async (): Promise<void> => {
        // Whoever opens either meanwhile finds no saga that runs in both.
        const there = existsSync(target) ? runnableIn(target) : [];
        for (const id of there) {
          const { error } = (await face.read.saga(id)) ?? {};
          expect(error?.startsWith('backstep.mov')).toBe(true);
        }
      };
      let kills = await untilDone({ order: 'export', restate: at, file }, runs);
      await importSagas({ database: target, from: file, definitions: tripDefinitions });
      kills += await untilDone({ order: 'done', restate: at, file }, runs);
      expect(kills).toBeGreaterThan(8);
      await expect.poll(() => stage.callsOf('backstep-'), { timeout: 20_000 }).toEqual([]);
      await stage.closeFace();
      expect(await findingsIn(database, tripDefinitions)).toEqual([]);
      const after = new Trips();
      const engine = await embedded(target, after);
      for (const id of [...ids, child]) await engine.saga(id).send({ type: 'labelled' });
      await engine.saga(tour.id).waitFor(({ status }) => status === 'waiting', SOON);
      await engine.saga(tour.id).send({ type: 'labelled' });
      for (const id of [...ids, tour.id]) {
        expect(await engine.saga(id).settled(SOON)).toMatchObject({ status: 'completed' });
      }
      expect(repeatedKeys(before, after)).toEqual([]);
      expect([before.calls.size, after.calls.size]).toEqual([4, 1]);
      await engine.stop({ within: 0 });
      expect(await findingsIn(target, tripDefinitions)).toEqual([]);
    },
    PATIENCE_MS,
  );

  test(
    'that is not to be is taken back, and all goes on where it was',
    async () => {
      const trips = new Trips(BEFORE);
      const { face, at, stage, database } = await standOf((each) => trips.register(each));
      const sagas = await stopped(face, trips);
      const file = join(dirname(temporaryDatabase()), 'sagas.jsonl');
      await exportFromRestate({ ...at, sagas: 'all', to: file, place: 'the shop' });
      trips.moods.clear();
      expect(await takeBackMoveOnRestate({ ...at, file })).toMatchObject({ sagas: SAGAS });
      await goOn(face, sagas);
      expect(repeatedKeys(trips, new Trips())).toEqual(askedTwice(sagas));
      await expect.poll(() => stage.callsOf('backstep-'), { timeout: 20_000 }).toEqual([]);
      await stage.closeFace();
      expect(await findingsIn(database, tripDefinitions)).toEqual([]);
    },
    PATIENCE_MS,
  );

  test(
    'and back again, and away once more: an old file brings nothing',
    async () => {
      const trips = new Trips();
      const { face, at, stage, database } = await standOf((each) => trips.register(each));
      const { id } = await face.spawn(stageSaga, { input: { of: 'a' }, key: 'a' });
      const tour = await face.spawn(tourSaga, { input: { of: 'c' }, key: 'c' });
      const child = `${tour.id}.stage.1`;
      for (const each of [id, child]) await stageWaits(face, each);
      const folder = dirname(temporaryDatabase());
      const [out = '', home = '', again = ''] = ['out', 'home', 'again'].map((name) =>
        join(folder, `${name}.jsonl`),
      );
      const target = join(folder, 'target.db');
      const into = (from: string) =>
        importSagas({ database: target, from, definitions: tripDefinitions });
      await exportFromRestate({ ...at, sagas: 'all', to: out, place: 'the shop' });
      await into(out);
      await finishMoveOnRestate({ ...at, file: out });
      await exportSagas({ database: target, sagas: 'all', to: home, place: 'the cluster' });
      await expect(importToRestate({ ...at, from: out })).rejects.toThrow('by this very move');
      expect(await importToRestate({ ...at, from: home })).toMatchObject({ imported: 3 });
      await finishMove({ database: target, file: home });
      const known = await face.spawn(stageSaga, { input: { of: 'a' }, key: 'a' });
      expect(known).toMatchObject({ id, isNew: false });
      await face.saga(id).command({ name: 'pause', by: 'ada' });
      await face.saga(child).send({ type: 'labelled' });
      await face.saga(tour.id).waitFor(({ status }) => status === 'waiting', SOON);
      await exportFromRestate({ ...at, sagas: 'all', to: again, place: 'the shop again' });
      await into(again);
      await finishMoveOnRestate({ ...at, file: again });
      expect(await into(out)).toMatchObject({ imported: 0, alreadyHere: 3 });
      await expect.poll(() => stage.callsOf('backstep-'), { timeout: 20_000 }).toEqual([]);
      await stage.closeFace();
      expect(await findingsIn(database, tripDefinitions)).toEqual([]);
      const engine = await embedded(target, trips);
      await engine.saga(id).command({ name: 'resume', by: 'ada' });
      for (const each of [id, tour.id]) {
        await engine.saga(each).send({ type: 'labelled' });
        expect(await engine.saga(each).settled(SOON)).toMatchObject({ status: 'completed' });
      }
      await engine.stop({ within: 0 });
      expect(await findingsIn(target, tripDefinitions)).toEqual([]);
      expect([...trips.calls.values()].every((count) => count === 1)).toBe(true);
    },
    PATIENCE_MS,
  );

  test(
    'takes along what a saga was told while it stood still, in the order in which it was said',
    async () => {
      const register: Register = (each) => {
        const of = { activities: { build: () => null } };
        each.register(builderSaga, of);
        each.register(ownerSaga, { activities: {} });
      };
      const { face, at, stage, database } = await standOf(register);
      const owner = await face.spawn(ownerSaga, { input: { of: 'house' } });
      const heard = ({ snapshot }: SagaState) =>
        (snapshot.context as { readonly heard?: readonly string[] }).heard;
      const knows = (state: SagaState) => heard(state)?.includes('builder.checks') === true;
      const { live } = (await owner.waitFor(knows, SOON)) ?? expect.fail();
      const builder = live.activities['builder']?.childId ?? '';
      const folder = dirname(temporaryDatabase());
      const [file, target] = [join(folder, 'sagas.jsonl'), join(folder, 'target.db')];
      const move = 'begun';
      const leave = { move, place: 'the shop', isTrial: false, atMs: Date.now() };
      await throughDoor(at, move, (door) => door.ask(owner.id, 'leave', leave, LEFT));
      await face.saga(builder).send({ type: 'hurry' });
      await expect.poll(() => stage.callsOf('backstep-'), { timeout: 20_000 }).toEqual([]);
      const order = { ...at, sagas: { ids: [owner.id] }, to: file, place: 'the shop' };
      const { sagas, move: same } = await exportFromRestate(order);
      expect([sagas.length, same]).toEqual([2, move]);
      const definitions = [ownerSaga, builderSaga];
      await importSagas({ database: target, from: file, definitions });
      await finishMoveOnRestate({ ...at, file });
      await expect.poll(() => stage.callsOf('backstep-'), { timeout: 20_000 }).toEqual([]);
      await stage.closeFace();
      expect(await findingsIn(database, definitions)).toEqual([]);
      expect(await findingsIn(target, definitions)).toEqual([]);
      const engine = await openBackstep({ database: target });
      onTestFinished(() => engine.stop({ within: 0 }));
      register(engine);
      await engine.start();
      expect(await engine.saga(owner.id).settled(SOON)).toMatchObject({ status: 'completed' });
      const state = await engine.saga(owner.id).state();
      expect(state === null ? null : heard(state)).toEqual(['builder.checks', 'builder.leaves']);
      await engine.stop({ within: 0 });
      expect(await findingsIn(target, definitions)).toEqual([]);
    },
    PATIENCE_MS,
  );
});

/** Sagas that were stopped everywhere leave for that database, and go on. Gives what the doctor finds. */
async function leaveFor(target: string): Promise<readonly unknown[]> {
  const before = new Trips(BEFORE);
  const stand = await standOf((each) => before.register(each));
  const { face, at, stage } = stand;
  const sagas = await stopped(face, before);
  const file = join(dirname(temporaryDatabase()), 'sagas.jsonl');
  const moved = await exportFromRestate({
    ...at,
    sagas: 'all',
    to: file,
    place: 'the shop',
    by: 'ada',
  });
  expect(moved.sagas).toHaveLength(SAGAS);
  const waiting = face.saga(sagas.waiting.id);
  await expect(waiting.send({ type: 'labelled' })).rejects.toMatchObject({
    code: 'unavailable',
  });
  const came = { database: target, from: file, definitions: tripDefinitions };
  expect(await importSagas(came)).toMatchObject({ imported: SAGAS, alreadyHere: 0 });
  expect(await importSagas(came)).toMatchObject({ imported: 0, alreadyHere: SAGAS });
  expect(await finishMoveOnRestate({ ...at, file })).toMatchObject({ sagas: SAGAS });
  expect(await finishMoveOnRestate({ ...at, file })).toMatchObject({ sagas: 0 });
  const there = `was moved to the shop, by move ${moved.move}`;
  await expect(waiting.send({ type: 'labelled' })).rejects.toThrow(there);
  const again = { input: { of: 'waiting' }, key: 'waiting' };
  await expect(face.spawn(stageSaga, again)).rejects.toThrow(there);
  await expect.poll(() => stage.callsOf('backstep-'), { timeout: 20_000 }).toEqual([]);
  await stage.closeFace();
  expect(await findingsIn(stand.database, tripDefinitions)).toEqual([]);
  expect(await findingsIn(target, tripDefinitions)).toEqual([]);

  const after = new Trips();
  const engine = await embedded(target, after);
  await goOn(engine, sagas);
  expect(repeatedKeys(before, after)).toEqual(askedTwice(sagas));
  await engine.stop({ within: 0 });
  return findingsIn(target, tripDefinitions);
}
