/** State and journal of another form are told as that, never as an error of the code that reads. */
import { crc32 } from 'node:zlib';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { recordOfLine } from '../../../src/core/history/replay.ts';
import { STORED_FORMAT } from '../../../src/core/history/stored-format.ts';
import { EngineHarness } from '../engine-harness.ts';
import { recordedActivities, type TripActivities, tripSaga } from '../trip-saga.ts';

const LATER = STORED_FORMAT + 1;
const page = { limit: 10, cursor: null };

let engine: EngineHarness<TripActivities>;

beforeEach(() => {
  engine = new EngineHarness(tripSaga, { onDisk: true });
});

afterEach(() => engine.dispose());

/** Two sagas whose `charge` never answers, left by a process that is gone; the first is edited. */
async function twoInFlight(edit: (db: Database.Database, id: string) => void): Promise<string[]> {
  const never = (): Promise<never> => new Promise(() => {});
  await engine.open(recordedActivities({ charge: never }).activities);
  const ids: string[] = [];
  for (const trip of ['other', 'sound']) {
    const { id } = await engine.backstep.spawn('trip', { input: { trip } });
    await engine.seen(({ sagaId, to }) => sagaId === id && to === 'forward.charge.running');
    ids.push(id);
  }
  await engine.stop();
  const db = new Database(engine.database);
  edit(db, ids[0] ?? '');
  db.close();
  await engine.open(recordedActivities().activities);
  return ids;
}

function rewrite(db: Database.Database, id: string, sql: string): void {
  const read = db.prepare<[string], string>(`SELECT ${sql} FROM sagas WHERE id = ?`).pluck();
  const text = read.get(id) ?? '';
  const write = db.prepare('UPDATE sagas SET state = ?, checksum = ? WHERE id = ?');
  write.run(text, crc32(text), id);
}

async function expectParked([other = '', sound = '']: string[], why: RegExp): Promise<void> {
  expect((await engine.backstep.saga(sound).settled({ within: 10_000 })).status).toBe('completed');
  expect((await engine.backstep.saga(other).settled({ within: 10_000 })).status).toBe('parked');
  const { items } = await engine.backstep.read.deadLetters(page);
  expect(items.map(({ sagaId }) => sagaId)).toEqual([other]);
  const { error } = JSON.parse(items[0]?.letter ?? '') as {
    error: { code: string; message: string };
  };
  expect(error.code).toBe('state-unreadable');
  expect(error.message).toMatch(why);
  expect(error.message).toMatch(/it needs a migration, or/);
}

test('a state of a later form is parked as it is, with the cure, and goes on under that', async () => {
  const edit = `UPDATE sagas SET format = ${LATER} WHERE id = ?`;
  const ids = await twoInFlight((db, id) => void db.prepare(edit).run(id));
  await expectParked(
    ids,
    new RegExp(`stored in form ${LATER}, .* reads up to form ${STORED_FORMAT}`),
  );
  await engine.stop();

  const db = new Database(engine.database);
  const format = db.prepare('SELECT format FROM sagas WHERE id = ?').pluck().get(ids[0]);
  expect(format).toBe(LATER);
  db.prepare(`UPDATE sagas SET format = ${STORED_FORMAT}`).run(); // as code that knows the form
  db.close();
  const backstep = await engine.open(recordedActivities().activities);
  await backstep.saga(ids[0] ?? '').command({ name: 'retry', by: 'ada' });
  expect((await backstep.saga(ids[0] ?? '').settled({ within: 10_000 })).status).toBe('completed');
});

test.each([
  ["json_remove(state, '$.steps[0].attempts')", /lacks a part .*: steps\.0\.attempts/],
  ["json_remove(state, '$.live.activities.charge.src')", /live\.activities\.charge\.src/],
  ["json_set(state, '$.live.timers', json('[]'))", /live\.timers/],
  ["json_remove(state, '$.machine.context.tries')", /context\.tries/],
  ["json_set(state, '$.machine.context.owed', json('{}'))", /context\.owed/],
])('a state changed by %s is parked with the part that is missing', async (sql, why) => {
  await expectParked(await twoInFlight((db, id) => rewrite(db, id, sql)), why);
});

test('a journal record of a later form is told as one, and what is written names its form', async () => {
  await engine.open(recordedActivities().activities);
  const { id } = await engine.backstep.spawn('trip', { input: { trip: 'a' } });
  await engine.backstep.saga(id).settled({ within: 10_000 });
  const { items } = await engine.backstep.read.transitions(id, page);
  expect(items.map(({ format }) => format)).toEqual(items.map(() => STORED_FORMAT));
  const [line] = items;
  if (line === undefined) throw new Error('no journal');
  expect(recordOfLine(line).inbound.kind).toBe('start');
  expect(() => recordOfLine({ ...line, format: LATER })).toThrow(
    /journal record 1 is stored in form .* it needs a migration/,
  );
});
