/** Orders by which sagas leave Restate: what is refused, and what is said to whoever orders it. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { SagaState } from '../../../src/core/state.ts';
import { importSagas } from '../../../src/host/moves/import-sagas.ts';
import { exportFromRestate } from '../../../src/restate/face/moves/moving.ts';
import { typed } from '../../cli/typed-commands.ts';
import { requestSaga } from '../../conformance/sagas.ts';
import { temporaryDatabase } from '../../store/store-fixture.ts';
import { describeOnRestate } from '../rig.ts';
import { standOf } from './stand.ts';
import { stageSaga, stageWaits, tripDefinitions, Trips } from './trips.ts';

const PATIENCE_MS = 120_000;
const SOON = { within: '20s' } as const;
const isWaiting = ({ status }: SagaState): boolean => status === 'waiting';

describeOnRestate('an order to leave Restate', () => {
  test(
    'is ordered from the command line, and says where it went',
    async () => {
      const trips = new Trips();
      const { face, at } = await standOf((each) => trips.register(each));
      const again = { input: { of: 'a' }, key: 'a' };
      const { id } = await face.spawn(stageSaga, again);
      await stageWaits(face, id);
      const folder = dirname(temporaryDatabase());
      const [file, target] = [join(folder, 'sagas.jsonl'), join(folder, 'target.db')];
      const cli = (...args: string[]) =>
        typed(['export', ...args, '--restate', at.ingress, '--admin', at.admin]);
      const trial = await cli('--move', file, '--type', 'stage', '--dry-run');
      expect(trial).toMatchObject({ code: 0, out: expect.stringContaining(id) as unknown });
      expect((await cli('--move', file, id, '--to', 'the shop')).code).toBe(0);
      await importSagas({ database: target, from: file, definitions: tripDefinitions });
      expect((await cli('--back', file)).err).toContain('its sagas would run twice');
      expect((await cli('--done', file)).code).toBe(0);
      await expect(face.spawn(stageSaga, again)).rejects.toThrow(
        `started saga ${id}, which was moved to the shop`,
      );
      const both = await cli('--move', file, id, '--db', target);
      expect(both).toMatchObject({ code: 2, err: expect.stringContaining('not both') as unknown });
      expect((await cli(id)).err).toContain('from the database of the face');
    },
    PATIENCE_MS,
  );

  test(
    'refuses what cannot go before anything stands still, and lets go on what does not come to rest',
    async () => {
      const trips = new Trips({ 'busy/reserve': 'hangs' });
      const told = { isAway: true, count: 0 };
      const reminded = requestSaga({ remindEvery: '200ms' });
      const done = ({ of }: { readonly of: string }) => ({ receipt: of });
      const { face, at } = await standOf((each) => {
        trips.register(each);
        each.register(reminded, {
          activities: { file: done, withdraw: done, grant: done, revoke: done },
          subscribers: {
            'request.waits': () => {
              told.count += 1;
              if (told.isAway) throw new Error('not now');
            },
          },
        });
      });
      const { id } = await face.spawn(reminded, { input: { of: 'a' } });
      const busy = await face.spawn(stageSaga, { input: { of: 'busy' } });
      await trips.hangsIn('busy/reserve');
      await expect.poll(() => told.count, { timeout: 20_000 }).toBeGreaterThan(1);
      const to = join(dirname(temporaryDatabase()), 'sagas.jsonl');
      const order = { ...at, to, place: 'the shop' };
      const unheard = exportFromRestate({ ...order, sagas: { ids: [id] } });
      await expect(unheard).rejects.toThrow(`saga ${id}: a subscriber does not take its message`);
      const nobody = exportFromRestate({ ...order, sagas: { ids: ['x'] } });
      await expect(nobody).rejects.toMatchObject({ code: 'not-found' });
      const byStep = exportFromRestate({ ...order, sagas: { filter: { step: 'file' } } });
      await expect(byStep).rejects.toThrow('found by type, status and age');
      trips.moods.clear(); // the call that hangs goes on hanging; the next one will not
      const atOnce = exportFromRestate({ ...order, sagas: { ids: [busy.id] }, within: 0 });
      await expect(atOnce).rejects.toThrow(/nothing was moved: backstep-attempt\/run of saga/);
      expect(existsSync(to)).toBe(false);
      for (const each of [id, busy.id]) {
        const { status } = (await face.saga(each).waitFor(isWaiting, SOON)) ?? expect.fail();
        expect(status).toBe('waiting');
      }
      told.isAway = false;
    },
    PATIENCE_MS,
  );
});
