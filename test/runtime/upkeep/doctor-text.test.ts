/** What the doctor tells of rows that were edited does not steer the terminal it is shown on. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { examineDatabase } from '../../../src/host/upkeep/doctor.ts';
import { DoctoredDatabase, type Situations } from './doctored-database.ts';
import { tripSaga } from '../trip-saga.ts';
import { resultOf } from './result-of.ts';

const database = new DoctoredDatabase();

beforeAll(() => database.fill());
afterAll(() => database.dispose());

const one = (situation: keyof Situations): string => `id = '${database.ids[situation]}'`;

test('control characters of an edited row are spelt out', async () => {
  const work = examineDatabase(
    {
      database: database.damagedBy(
        `UPDATE sagas SET step = char(27) || ']0;x' || char(7) || char(0x202e) WHERE ${one('running')}`,
        `UPDATE sagas SET type = 'trip' || char(27) || '[2J' WHERE ${one('completed')}`,
        `UPDATE sagas SET id = 'x' || char(10) || 'y', error = 'a' WHERE ${one('retrying')}`,
      ),
    },
    [tripSaga],
  );
  const { findings, unknown } = await resultOf(work);
  const told = [...findings.map(({ message }) => message), ...Object.keys(unknown)].join('|');
  expect(told).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(told).toContain('step is \\u{1b}]0;x\\u{7}\\u{202e} and should be');
  expect(told).toContain('trip\\u{1b}[2J@1');
  expect(findings.map(({ sagaId }) => sagaId)).toContain('x\\u{a}y');
});
