/** Sagas of the embedded host that are moved to Restate, and go on there. */
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { finishMove } from '../../../src/host/moves/close-move.ts';
import { exportSagas } from '../../../src/host/moves/export-sagas.ts';
import { importSagas } from '../../../src/host/moves/import-sagas.ts';
import { exportFromRestate, importToRestate } from '../../../src/restate/face/moves/moving.ts';
import { openBackstep } from '../../../src/runtime/open-backstep.ts';
import { temporaryDatabase } from '../../store/store-fixture.ts';
import { describeOnRestate } from '../rig.ts';
import { findingsIn, type Register } from '../stage.ts';
import { untilDone } from './killed.ts';
import { bring, embedded, standOf } from './stand.ts';
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

const PATIENCE_MS = 90_000;
const POLL = { timeout: 20_000 };
const SOON = { within: '20s' } as const;

describeOnRestate('a move to Restate', () => {
  test(
    'takes sagas along from wherever they were stopped, and closes them there',
    async () => {
      const source = temporaryDatabase();
      const file = join(dirname(source), 'sagas.jsonl');
      const before = new Trips(BEFORE);
      const old = await embedded(source, before);
      const sagas = await stopped(old, before);
      await old.stop({ within: 0 });
      await exportSagas({ database: source, sagas: 'all', to: file, place: 'Restate' });

      const after = new Trips();
      const stand = await standOf((each) => after.register(each));
      const { face, database, stage } = stand;
      expect(await bring(stand, file)).toMatchObject({ imported: SAGAS, alreadyHere: 0 });
      expect(await bring(stand, file)).toMatchObject({ imported: 0, alreadyHere: SAGAS });
      await finishMove({ database: source, file });
      await expect.poll(() => face.read.countSagas({}), POLL).toBe(SAGAS);
      await goOn(face, sagas);
      expect(repeatedKeys(before, after)).toEqual(askedTwice(sagas));
      await expect.poll(() => stage.callsOf('backstep-'), POLL).toEqual([]);
      await stage.closeFace();
      expect(await findingsIn(source, tripDefinitions)).toEqual([]);
      expect(await findingsIn(database, tripDefinitions)).toEqual([]);
    },
    PATIENCE_MS,
  );

  test(
    'is finished by the same orders, wherever those before were killed',
    async () => {
      const source = temporaryDatabase();
      const file = join(dirname(source), 'sagas.jsonl');
      const before = new Trips();
      const old = await embedded(source, before);
      const ids: string[] = [];
      for (const of of ['a', 'b']) {
        const { id } = await old.spawn(stageSaga, { input: { of }, key: of });
        ids.push(id);
      }
      const tour = await old.spawn(tourSaga, { input: { of: 'c' }, key: 'c' });
      const stage = `${tour.id}.stage.1`;
      for (const id of [...ids, stage]) await stageWaits(old, id);
      await old.stop({ within: 0 });
      await exportSagas({ database: source, sagas: 'all', to: file, place: 'Restate' });

      const after = new Trips();
      const stand = await standOf((each) => after.register(each));
      const { face, database } = stand;
      const order = { order: 'import', restate: stand.at, file };
      const kills = await untilDone(order, async () => {
        // Where it was it runs no more; what is there already takes nothing before its family is.
        const engine = await embedded(source, before);
        await engine.stop({ within: 0 });
      });
      expect(kills).toBeGreaterThan(5);
      await finishMove({ database: source, file });
      for (const id of [...ids, stage]) await face.saga(id).send({ type: 'labelled' });
      await face.saga(tour.id).waitFor(({ status }) => status === 'waiting', SOON);
      await face.saga(tour.id).send({ type: 'labelled' });
      for (const id of [...ids, tour.id]) {
        expect(await face.saga(id).settled(SOON)).toMatchObject({ status: 'completed' });
      }
      expect(repeatedKeys(before, after)).toEqual([]);
      expect([before.calls.size, after.calls.size]).toEqual([4, 1]);
      await expect.poll(() => stand.stage.callsOf('backstep-'), POLL).toEqual([]);
      await stand.stage.closeFace();
      expect(await findingsIn(source, tripDefinitions)).toEqual([]);
      expect(await findingsIn(database, tripDefinitions)).toEqual([]);
    },
    PATIENCE_MS,
  );

  test(
    'keeps the line of those that wait for a place, there and back',
    async () => {
      const begun: string[] = [];
      const reserve = ({ of }: { readonly of: string }) => {
        begun.push(of);
        return { receipt: of };
      };
      const activities = { reserve, release: reserve };
      const register: Register = (each) => each.register(stageSaga, { activities, concurrency: 1 });
      const folder = dirname(temporaryDatabase());
      const [source, target] = ['source.db', 'target.db'].map((name) => join(folder, name));
      const [out, back] = ['out.jsonl', 'back.jsonl'].map((name) => join(folder, name));
      const old = await openBackstep({ database: source ?? '' });
      onTestFinished(() => old.stop({ within: 0 }));
      register(old);
      await old.start();
      const ids: string[] = [];
      for (const of of ['a', 'b', 'c']) {
        ids.push((await old.spawn(stageSaga, { input: { of }, key: of })).id);
      }
      const [first = '', second = '', third = ''] = ids;
      await stageWaits(old, first);
      await old.stop({ within: 0 });
      const order = { sagas: 'all', to: out ?? '', place: 'Restate' } as const;
      await exportSagas({ database: source ?? '', ...order });
      const { face, at } = await standOf(register);
      await importToRestate({ ...at, from: out ?? '' });
      await face.saga(first).send({ type: 'labelled' });
      await face.saga(second).waitFor(({ steps }) => steps[0]?.status === 'completed', SOON);
      expect(begun).toEqual(['a', 'b']);
      await exportFromRestate({ ...at, sagas: 'all', to: back ?? '', place: 'the shop' });
      const definitions = tripDefinitions;
      await importSagas({ database: target ?? '', from: back ?? '', definitions });
      const there = await openBackstep({ database: target ?? '' });
      onTestFinished(() => there.stop({ within: 0 }));
      register(there);
      await there.start();
      expect(there.startQueue('stage')).toMatchObject({ active: 1, queued: 1 });
      for (const id of [second, third]) {
        await there.saga(id).waitFor(({ steps }) => steps[0]?.status === 'completed', SOON);
        await there.saga(id).send({ type: 'labelled' });
        expect(await there.saga(id).settled(SOON)).toMatchObject({ status: 'completed' });
      }
      expect(begun).toEqual(['a', 'b', 'c']);
      await there.stop({ within: 0 });
      expect(await findingsIn(target ?? '', definitions)).toEqual([]);
    },
    PATIENCE_MS,
  );
});
