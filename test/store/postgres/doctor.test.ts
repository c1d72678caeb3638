/** The doctor and the check before a deployment, over a database of PostgreSQL. */
import { crc32 } from 'node:zlib';
import { expect, it, onTestFinished } from 'vitest';
import { openBackstep } from '../../../src/runtime/open-backstep.ts';
import { examineDatabase } from '../../../src/host/upkeep/doctor.ts';
import { checkVersions } from '../../../src/host/versions/version-check.ts';
import {
  connectTo,
  describeOnPostgres,
  migratedDatabase,
  postgresDatabase,
} from '../../postgres/databases.ts';
import { recordedActivities, tripSaga } from '../../runtime/trip-saga.ts';
import { resultOf } from '../../runtime/upkeep/result-of.ts';

async function databaseWithTrips() {
  const database = await migratedDatabase();
  const backstep = await openBackstep({ database: database.url });
  onTestFinished(() => backstep.stop({ within: 0 }));
  backstep.register(tripSaga, { activities: recordedActivities({}).activities });
  await backstep.start();
  // Text that PostgreSQL's JSON does not take, in what the view of steps is made from.
  const input = { trip: 'a\0b' };
  const done = await backstep.spawn('trip', { input, key: 't1' });
  await backstep.saga(done.id).settled({ within: '20s' });
  await backstep.spawn('trip', { input: { trip: 't2' }, delay: '1h' });
  return { ...database, client: await connectTo(database.url) };
}

describeOnPostgres('the doctor', () => {
  it('finds nothing wrong beside a living engine, and then what was changed', async () => {
    const { url, client } = await databaseWithTrips();
    const examined = () => resultOf(examineDatabase({ database: url }, [tripSaga]));
    expect(await examined()).toMatchObject({
      sagas: 2,
      examined: 2,
      areFilesChecked: false,
      findings: [],
      unknown: {},
    });
    await client.query('UPDATE backstep.sagas SET attempts = attempts + 1 WHERE sid = 1');
    await client.query('DELETE FROM backstep.sagas WHERE sid = 2');
    const { findings } = await examined();
    expect(findings.map(({ kind }) => kind)).toEqual(['orphan', 'row']);
  });

  it.each(['{', 'null', '{"steps":7}', '{"steps":[{"attempts":"x"}]}', '"\\ud800'])(
    'has one finding for a saga whose state is %s, and examines the others',
    async (state) => {
      const { url, client } = await databaseWithTrips();
      await client.query('UPDATE backstep.sagas SET state = $1 WHERE sid = 1', [state]);
      const { examined, findings } = await resultOf(examineDatabase({ database: url }, [tripSaga]));
      expect(examined).toBe(2);
      expect(new Set(findings.map(({ kind }) => kind))).toEqual(new Set(['checksum', 'snapshot']));
      await client.query('UPDATE backstep.sagas SET checksum = $1 WHERE sid = 1', [crc32(state)]);
      const { findings: mended } = await resultOf(examineDatabase({ database: url }, [tripSaga]));
      expect(new Set(mended.map(({ kind }) => kind))).toEqual(new Set(['snapshot', 'steps']));
    },
  );

  it('has the server check its files where it can', async () => {
    const { url, adminUrl } = await databaseWithTrips();
    const admin = await connectTo(adminUrl);
    const { rowCount } = await admin.query(
      "SELECT 1 FROM pg_available_extensions WHERE name = 'amcheck'",
    );
    if (rowCount === 1) {
      await admin.query(
        'CREATE EXTENSION amcheck; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO PUBLIC',
      );
    }
    const { areFilesChecked, findings } = await resultOf(
      examineDatabase({ database: url }, [tripSaga]),
    );
    expect({ areFilesChecked, findings }).toEqual({
      areFilesChecked: rowCount === 1,
      findings: [],
    });
  });

  it('refuses a database that is none of ours', async () => {
    const { url } = await postgresDatabase();
    await expect(resultOf(examineDatabase({ database: url }, [tripSaga]))).rejects.toThrow(
      /no tables of Backstep in the schema "backstep"; check the database and the schema/,
    );
  });
});

describeOnPostgres('the check before a deployment', () => {
  it('says what becomes of each saga in flight', async () => {
    const { url } = await databaseWithTrips();
    const check = checkVersions({ database: url }, [tripSaga], new Map(), Date.now());
    expect(await resultOf(check)).toMatchObject({ sagas: 1, parked: 0 });
  });
});
