/**
 * Sagas on Restate while what they need is killed under them, each by itself and all at once. `npm run
 * restate-faults` makes all of these runs, with more sagas; the long tests make the one that has
 * something of each.
 */
import { expect, it } from 'vitest';
import { describeOnPostgres, migratedDatabase } from '../postgres/databases.ts';
import { dyingOf } from './deadly-parcels.ts';
import {
  endedWell,
  IS_WHOLE,
  KILLED_SAGAS,
  KilledLoad,
  KILLS_LIMIT_MS,
  type LoadOptions,
} from './killed-load.ts';
import { describeOnRestate } from './rig.ts';

/** How long a node is away. */
const AWAY_MS = 8_000;

interface Run {
  readonly killed: string;
  readonly strikes: number;
  readonly strike: (load: KilledLoad) => Promise<void>;
  readonly options?: LoadOptions;
  readonly isShort?: true;
}

const RUNS: readonly Run[] = [
  {
    killed: 'workers that make attempts inline are killed one after the other',
    strikes: 12,
    strike: (load) => load.killWorker(),
    options: { isInline: true },
    isShort: true,
  },
  {
    killed: 'the server of inline attempts is killed',
    strikes: 3,
    strike: (load) => load.killNode(),
    options: { isInline: true },
  },
  {
    killed: 'workers that make attempts inline are swapped by a deployment',
    strikes: 2,
    strike: (load) => load.swapWorkers(),
    options: { isInline: true },
  },
  {
    killed: 'server, face and every worker are killed at once',
    strikes: 3,
    strike: async (load) => {
      const workers = [load.killWorker(), load.killWorker()];
      await Promise.all([load.killNode(), load.killFace(), ...workers]);
    },
    isShort: true,
  },
  { killed: 'the server is killed', strikes: 3, strike: (load) => load.killNode() },
  {
    killed: 'the face, which writes their journal, is killed',
    strikes: 5,
    strike: (load) => load.killFace(),
  },
  {
    killed: 'one node of three is away',
    strikes: 1,
    strike: (load) => load.loseNode(2, AWAY_MS),
    options: { nodes: 3 },
  },
  {
    killed: 'workers are swapped by a deployment, and one node of three is away meanwhile',
    strikes: 1,
    strike: async (load) => {
      await Promise.all([load.loseNode(2, AWAY_MS), load.swapWorkers()]);
    },
    options: { nodes: 3 },
  },
];

/** Runs the sagas while so many times something is killed, and looks at what is left. */
async function expectSurvival({ options = {}, strikes, strike }: Run): Promise<void> {
  const load = await KilledLoad.open(options);
  await load.run(KILLED_SAGAS, IS_WHOLE ? strikes : 1, () => strike(load));
  expect(await load.end()).toEqual(endedWell(KILLED_SAGAS));
}

describeOnRestate('sagas on Restate', () => {
  it.each(RUNS.filter(({ isShort }) => IS_WHOLE || isShort === true))(
    'end as they must while $killed',
    expectSurvival,
    KILLS_LIMIT_MS,
  );

  if (!IS_WHOLE) return;
  it.each([false, true])(
    'whose attempt ends its process make it again with its key, and give up after the tenth; inline: %s',
    async (isInline) => {
      const load = await KilledLoad.open({ keepsWorkers: true, isInline });
      expect(await load.outcome('parcel', dyingOf(3))).toBe('completed');
      expect(await load.outcome('parcel', dyingOf(11))).toBe('compensated');
      expect(await load.outcome('hasty', dyingOf(1))).toBe('compensated');
      // Four steps; three that are undone, the one in doubt among them; one that is never repeated.
      expect(await load.end()).toMatchObject({ keys: 4 + 6 + 2, otherKeys: [], findings: [] });
    },
    KILLS_LIMIT_MS,
  );

  describeOnPostgres('over PostgreSQL', () => {
    it(
      'end as they must while the face is killed, and the one that stands by writes on',
      async () => {
        const { url: database } = await migratedDatabase();
        const options = { faces: 2, database };
        await expectSurvival({
          killed: '',
          options,
          strikes: 4,
          strike: (load) => load.killFace(),
        });
      },
      KILLS_LIMIT_MS,
    );
  });
});
