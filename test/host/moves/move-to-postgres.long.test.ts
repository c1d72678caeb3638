/** Sagas that are moved from a file to a server, and from a server into a file. */
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { exportSagas } from '../../../src/host/moves/export-sagas.ts';
import { describeOnPostgres, migratedDatabase } from '../../postgres/databases.ts';
import { temporaryDatabase } from '../../store/store-fixture.ts';
import { engine, findingsIn, inEverySituation, label, moveTo, until } from './moving.ts';
import { parcelSaga, roundSaga, World } from './parcel-sagas.ts';

/** A saga at a time leaves and comes, each by a commit that waits for its sync. */
const MOVES_MS = 120_000;

describeOnPostgres('between a file and a server', () => {
  test(
    '100 sagas in flight are moved to a server and finish there, each effect once per key',
    async () => {
      const source = temporaryDatabase();
      const file = join(dirname(source), 'sagas.jsonl');
      const { url } = await migratedDatabase();
      const world = new World();
      const old = await engine(source, world);
      const parcels = Array.from({ length: 80 }, (_, index) => `p-${index}`);
      const started = await Promise.all([
        ...parcels.map((parcel) =>
          old.spawn(parcelSaga, { input: { parcel, way: 'air' }, key: parcel }),
        ),
        ...Array.from({ length: 10 }, (_, index) =>
          old.spawn(roundSaga, { input: { parcel: `r-${index}`, way: 'sea' }, key: `r-${index}` }),
        ),
      ]);
      const waiting = started.map(({ id }, index) => (index < 80 ? id : `${id}.leg.1`));
      await Promise.all(waiting.map((id) => until(old, id, 'waiting')));
      await old.stop({ within: 0 });
      expect((await moveTo(source, url, file)).sagas).toHaveLength(100);
      const there = await engine(url, world);
      await Promise.all(
        waiting.map((id, index) => there.saga(id).send(index < 80 ? label : { type: 'arrived' })),
      );
      const outcomes = await Promise.all(started.map(({ id }) => there.saga(id).settled()));
      expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['completed']));
      await there.stop({ within: '1s' });
      // pick and ship of 80, load and ship of 10.
      expect(world.effects.size).toBe(180);
      expect([...world.effects.values()].every((count) => count === 1)).toBe(true);
      expect(new Set(world.heard).size).toBe(80);
      expect([await findingsIn(source), await findingsIn(url)]).toEqual([[], []]);
    },
    MOVES_MS,
  );

  test(
    'and from a server back into a file',
    async () => {
      const target = temporaryDatabase();
      const file = join(dirname(target), 'sagas.jsonl');
      const { url } = await migratedDatabase();
      const world = new World();
      const old = await engine(url, world);
      const sagas = await inEverySituation(old, world);
      const inUse = exportSagas({ database: url, sagas: 'all', to: file, place: 'there' });
      await expect(inUse).rejects.toThrow('owns this database; stop it');
      await old.stop({ within: 0 });
      await moveTo(url, target, file);
      expect([await findingsIn(url), await findingsIn(target)]).toEqual([[], []]);
      world.trouble.clear();
      const there = await engine(target, world);
      await there.saga(sagas.leg).send({ type: 'arrived' });
      await there.saga(sagas.waiting.id).send(label);
      for (const { id } of [sagas.waiting, sagas.round]) {
        expect(await there.saga(id).settled()).toMatchObject({ status: 'completed' });
      }
    },
    MOVES_MS,
  );
});
