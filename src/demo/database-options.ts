/** What the demo opens its database with, read from the environment. */
import { isPostgresUrl } from '../core/database-target.ts';
import type { Environment } from '../core/settings.ts';
import type { BackstepOptions } from '../runtime/open-backstep.ts';
import { settingOf } from './settings.ts';

/** Settings that mean something for PostgreSQL only are left out for a file. */
export function databaseOptionsOf(
  env: Environment,
): Pick<BackstepOptions, 'database' | 'schema' | 'label' | 'takeOver'> {
  const database = settingOf(env, 'BACKSTEP_DB');
  if (!isPostgresUrl(database)) return { database };
  const label = settingOf(env, 'BACKSTEP_LABEL');
  const takeOver = {
    beatEvery: settingOf(env, 'BACKSTEP_BEAT_EVERY'),
    lookEvery: settingOf(env, 'BACKSTEP_LOOK_EVERY'),
    deadAfter: settingOf(env, 'BACKSTEP_DEAD_AFTER'),
    hungAfter: settingOf(env, 'BACKSTEP_HUNG_AFTER'),
  };
  const given = Object.entries(takeOver).filter(([, ms]) => ms !== null);
  return {
    database,
    schema: settingOf(env, 'BACKSTEP_SCHEMA'),
    ...(label === null ? {} : { label }),
    takeOver: Object.fromEntries(given),
  };
}
