/** A hundred thousand sagas that wait cost a start nothing, and none of them is forgotten. */
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EngineHarness } from '../runtime/engine-harness.ts';
import { recordedActivities, type TripActivities, tripSaga } from '../runtime/trip-saga.ts';

const WAITING = 100_000;
const DAY_MS = 86_400_000;
/** Far above what it takes; reading every waiting saga would take longer. */
const READY_LIMIT_MS = 5_000;
const BYTES_PER_SAGA = 200;
/** What the heap of a test run moves by anyway. */
const HEAP_NOISE_BYTES = 40 * 1024 * 1024;

let engine: EngineHarness<TripActivities>;
beforeEach(() => void (engine = new EngineHarness(tripSaga)));
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

  const heapBefore = process.memoryUsage().heapUsed;
  const startedMs = performance.now();
  const backstep = await engine.open(activities);
  expect(performance.now() - startedMs).toBeLessThan(READY_LIMIT_MS);
  expect(await backstep.read.statusCounts()).toMatchObject({ waiting: WAITING + 1 });
  const other = await backstep.spawn('trip', { input: { trip: 'awake' } });
  expect((await backstep.saga(other.id).settled({ within: 10_000 })).status).toBe('completed');
  const heapBytes = process.memoryUsage().heapUsed - heapBefore;
  expect(heapBytes).toBeLessThan(WAITING * BYTES_PER_SAGA + HEAP_NOISE_BYTES);

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
