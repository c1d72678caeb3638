/** Sagas on Restate while workers are killed under them; whatever else may be: kills.long.test.ts. */
import { expect, it } from 'vitest';
import { endedWell, KILLS_LIMIT_MS, KilledLoad, KILLED_SAGAS, ofKills } from './killed-load.ts';
import { describeOnRestate } from './rig.ts';

describeOnRestate('sagas on Restate', () => {
  it(
    'end as they must, each effect under one key, while workers are killed one after the other',
    async () => {
      const load = await KilledLoad.open();
      await load.run(KILLED_SAGAS, ofKills(12), () => load.killWorker());
      expect(await load.end()).toEqual(endedWell(KILLED_SAGAS));
    },
    KILLS_LIMIT_MS,
  );
});
