/** The embedded host over each of its stores. */
import { fileURLToPath } from 'node:url';
import { describe, onTestFinished } from 'vitest';
import type { Backstep } from '../../src/host/backstep.ts';
import { capabilitiesOf } from '../../src/host/capabilities.ts';
import { openBackstep } from '../../src/runtime/open-backstep.ts';
import { describeOnPostgres, migratedDatabase } from '../postgres/databases.ts';
import { temporaryDatabase } from '../store/store-fixture.ts';
import type { Deployment, Host, Place, Register } from './host.ts';

/** Tables of participants. */
const migrationsFolder = fileURLToPath(new URL('migrations', import.meta.url));

export const OVER_SQLITE: Host = {
  name: 'embedded over SQLite',
  describe,
  place: async () => embedded(temporaryDatabase()),
  capabilities: capabilitiesOf('embedded-sqlite'),
};

export const OVER_POSTGRES: Host = {
  name: 'embedded over PostgreSQL',
  describe: describeOnPostgres,
  place: async () => embedded((await migratedDatabase()).url),
  capabilities: capabilitiesOf('embedded-postgres'),
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
      backstep = await openBackstep({ database, migrationsFolder, ...deployment });
      register(backstep);
      await backstep.start();
      return backstep;
    },
    close,
    rest: async () => {}, // a turn is written before anybody sees it
  };
}
