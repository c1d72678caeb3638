/** The doctor of a database in which the state of a saga is none. */
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { examineDatabase } from '../../../src/host/upkeep/doctor.ts';
import { tripSaga } from '../trip-saga.ts';
import { DoctoredDatabase } from './doctored-database.ts';
import { resultOf } from './result-of.ts';

const database = new DoctoredDatabase();
beforeAll(() => database.fill());
afterAll(() => database.dispose());

test.each(['{', '', 'null', '{"steps":7}', '"\\ud800'])(
  'a state %j is a finding about its saga, and the others are examined',
  async (state) => {
    const id = database.ids.retrying;
    const damaged = database.damagedBy(
      `UPDATE sagas SET state = '${state}', checksum = ${crc32(state)} WHERE id = '${id}'`,
    );
    const { examined, findings } = await resultOf(
      examineDatabase({ database: damaged }, [tripSaga]),
    );
    expect(examined).toBe(6);
    expect(new Set(findings.map(({ kind }) => kind))).toContain('snapshot');
    expect(new Set(findings.map(({ sagaId }) => sagaId))).toEqual(new Set([id]));
  },
);
