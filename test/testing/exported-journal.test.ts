/** A journal that was exported from a database is replayed against the code of today. */
import '../../src/testing/vitest.ts';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { defineSaga } from '../../src/core/define/saga.ts';
import { replayExported } from '../../src/testing/exported-journal.ts';
import { DoctoredDatabase } from '../runtime/upkeep/doctored-database.ts';
import { tripSaga } from '../runtime/trip-saga.ts';

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

const database = new DoctoredDatabase();

beforeAll(() => database.fill());
afterAll(() => database.dispose());

function exported(...args: readonly string[]) {
  return spawnSync(process.execPath, [CLI, 'export', ...args], { encoding: 'utf8' });
}

test('it tells the saga as it was, with the code that made it', () => {
  const { status, stdout } = exported(database.ids.cancelled, '--db', database.damagedBy());
  expect(status).toBe(0);
  const story = replayExported(tripSaga, JSON.parse(stdout));
  expect(story).toBeCompensated();
  expect(story).toHaveCompensatedInOrder(['charge', 'hold']);
  expect(story.id).toBe(database.ids.cancelled);
});

test('it shows the record at which other code leads elsewhere', () => {
  const { stdout } = exported(database.ids.cancelled, '--db', database.damagedBy());
  const input = (): null => null;
  const other = defineSaga({
    id: 'trip',
    input: z.unknown(),
    activities: {} as Record<'hold' | 'release', (input: null) => unknown>,
  })
    .step('hold', { input, compensate: { activity: 'release', input } })
    .build();
  expect(() => replayExported(other, JSON.parse(stdout))).toThrow(
    /does not replay at 2: xstate\.done\.actor\.hold: .* was .* and is now/,
  );
  expect(() => replayExported({ ...tripSaga, id: 'voyage' }, JSON.parse(stdout))).toThrow(
    'the journal is of a saga "trip", not of "voyage"',
  );
  expect(() => replayExported(tripSaga, { journal: [] })).toThrow('this is no exported journal');
});

test('a saga that is not there cannot be exported, and one must be named', () => {
  const nobody = exported('nobody', '--db', database.damagedBy());
  expect(nobody.status).toBe(3);
  expect(nobody.stderr).toContain('no saga with id "nobody"');
  expect(exported().stderr).toContain('say which saga, or what to --move');
});
