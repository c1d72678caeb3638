/** Sagas on Restate while workers and the server are killed under them. */
import { expect, it } from 'vitest';
import { type Ended, KilledLoad } from './killed-load.ts';
import { refusedOf } from './refused-parcels.ts';
import { describeOnRestate } from './rig.ts';

/** `all`: as many kills as the promise speaks of; else what `npm test` has time for. */
const IS_WHOLE = process.env['BACKSTEP_CONFORMANCE'] === 'all';
const SAGAS = IS_WHOLE ? 220 : 30;
const TIMEOUT_MS = IS_WHOLE ? 600_000 : 90_000;

/** Each saga ends, once, and nothing is left of it anywhere. */
const whole = (sagas: number): Ended => {
  const compensated = refusedOf(sagas);
  // Four effects, and where the last step is refused three that are undone instead of it.
  const keys = sagas * 4 + compensated * 2;
  const completed = sagas - compensated;
  return { sagas, completed, compensated, keys, callsLeft: [], findings: [] };
};

describeOnRestate('sagas on Restate', () => {
  it(
    'end as they must, each effect under one key, while workers are killed one after the other',
    async () => {
      const load = await KilledLoad.open();
      await load.run(SAGAS, IS_WHOLE ? 12 : 2, () => load.killWorker());
      expect(await load.end()).toEqual(whole(SAGAS));
    },
    TIMEOUT_MS,
  );

  it.runIf(IS_WHOLE)(
    'end as they must while the server is killed three times',
    async () => {
      const load = await KilledLoad.open();
      await load.run(SAGAS, 3, () => load.killServer());
      expect(await load.end()).toEqual(whole(SAGAS));
    },
    TIMEOUT_MS,
  );

  it.runIf(IS_WHOLE)(
    'end as they must when the server and every worker are killed at once',
    async () => {
      const load = await KilledLoad.open();
      await load.run(SAGAS, 1, async () => {
        await Promise.all([load.killServer(), load.killWorker(), load.killWorker()]);
      });
      expect(await load.end()).toEqual(whole(SAGAS));
    },
    TIMEOUT_MS,
  );
});
