/** Sagas on Restate while the server is killed under them, alone and with every worker. */
import { expect, it } from 'vitest';
import { endedWell, KILLS_LIMIT_MS, KilledLoad, KILLED_SAGAS, ofKills } from './killed-load.ts';
import { describeOnRestate } from './rig.ts';

describeOnRestate('sagas on Restate', () => {
  it(
    'end as they must while the server is killed',
    async () => {
      const load = await KilledLoad.open();
      await load.run(KILLED_SAGAS, ofKills(3), () => load.killServer());
      expect(await load.end()).toEqual(endedWell(KILLED_SAGAS));
    },
    KILLS_LIMIT_MS,
  );

  it(
    'end as they must when the server and every worker are killed at once',
    async () => {
      const load = await KilledLoad.open();
      await load.run(KILLED_SAGAS, 1, async () => {
        await Promise.all([load.killServer(), load.killWorker(), load.killWorker()]);
      });
      expect(await load.end()).toEqual(endedWell(KILLED_SAGAS));
    },
    KILLS_LIMIT_MS,
  );
});
