/** A hundred thousand sagas that wait cost a start nothing, and none of them is forgotten. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EngineHarness } from '../runtime/engine-harness.ts';
import { recordedActivities, type TripActivities, tripSaga } from '../runtime/trip-saga.ts';

const WAITING = 100_000;
const DAY_MS = 86_400_000;
/** Nothing of a saga that waits is kept: an id and a due time alone would be more. */
const BYTES_PER_SAGA = 20;
/** What the heap of a test moves by anyway, once its garbage is collected. */
const HEAP_NOISE_BYTES = 8 * 1024 * 1024;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heapBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

let engine: EngineHarness<TripActivities>;
beforeEach(() => void (engine = new EngineHarness(tripSaga, { onDisk: true })));
afterEach(() => engine.dispose());

test('the engine is ready at once, starts sagas, and wakes the one that is due', async () => {
  const { activities } = recordedActivities();
  await engine.open(activities);
  const input = { trip: 'sleeper' };
  const { id } = await engine.backstep.spawn('trip', { input, delay: '30d' });
  await engine.stop();
  const db = new Database(engine.database);
  db.prepare(COPY).run({ count: WAITING, laterMs: 60 * DAY_MS });
  db.close();

  const bytesBefore = heapBytes();
  const backstep = await engine.open(activities);
  // None of them was loaded, and none is held to be woken.
  expect(backstep.figures()).toMatchObject({ liveActors: 0, armedWakes: 0 });
  expect(await backstep.read.statusCounts()).toMatchObject({ waiting: WAITING + 1 });
  const other = await backstep.spawn('trip', { input: { trip: 'awake' } });
  expect((await backstep.saga(other.id).settled({ within: 10_000 })).status).toBe('completed');
  expect(heapBytes() - bytesBefore).toBeLessThan(WAITING * BYTES_PER_SAGA + HEAP_NOISE_BYTES);

  await engine.stop();
  engine.clock.advance(30 * DAY_MS);
  const later = await engine.open(activities);
  expect((await later.saga(id).settled({ within: 10_000 })).status).toBe('completed');
  expect(await later.read.statusCounts()).toMatchObject({ waiting: WAITING });
});

/** Copies of the one saga that is there, each with a name and a due time of its own. */
const COPY = `WITH RECURSIVE copies(n) AS (
    SELECT 1 UNION ALL SELECT n + 1 FROM copies WHERE n < @count
  )
  INSERT INTO sagas (sid, id, type, version, definition_hash, key, status, seq, wake_at, checksum,
    step, attempts, created_at, updated_at, ended_at, error, state)
  SELECT sid + n, id || '-' || n, type, version, definition_hash, NULL, status, seq,
    wake_at + @laterMs + n, checksum, step, attempts, created_at, updated_at, ended_at, error, state
  FROM sagas, copies`;
