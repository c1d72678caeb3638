/** The embedded host over each of its stores. */
import { describe, onTestFinished } from 'vitest';
import type { Backstep } from '../../src/host/backstep.ts';
import { openBackstep } from '../../src/runtime/open-backstep.ts';
import { describeOnPostgres, postgresDatabase } from '../postgres/databases.ts';
import { temporaryDatabase } from '../store/store-fixture.ts';
import type { Deployment, Host, Place, Register } from './host.ts';

export const OVER_SQLITE: Host = {
  name: 'embedded over SQLite',
  describe,
  place: async () => embedded(temporaryDatabase()),
  cannot: {},
};

export const OVER_POSTGRES: Host = {
  name: 'embedded over PostgreSQL',
  describe: describeOnPostgres,
  place: async () => embedded((await postgresDatabase()).url),
  cannot: {},
};

function embedded(database: string): Place {
  let backstep: Backstep | null = null;
  const close = async (): Promise<void> => {
    await backstep?.stop({ within: 0 });
    backstep = null;
  };
  onTestFinished(close);
  return {
    database: { database },
    async open(register: Register, deployment: Deployment) {
      backstep = await openBackstep({ database, ...deployment });
      register(backstep);
      await backstep.start();
      return backstep;
    },
    close,
    rest: async () => {}, // a turn is written before anybody sees it
  };
}
