/**
 * What does not show in throughput: sleeping sagas, the way back after a restart, and whether a
 * saga costs the same in a large database.
 */
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import Database from 'better-sqlite3';
import { openBackstep } from '../../src/runtime/open-backstep.ts';
import { type LoadResult, openLoaded } from './engine-load.ts';
import { fourStepSaga, happyActivities, sleeperSaga } from './workload.ts';

/** What sleeping sagas cost an engine that starts over them. */
export interface SleepResult {
  /** From opening the database to accepting work. */
  readonly readyMs: number;
  readonly bytesPerSaga: number;
}

/** Opens an engine over many waiting sagas, and over none for comparison. */
export async function sleepers(count: number): Promise<SleepResult> {
  const folder = mkdtempSync(join(tmpdir(), 'backstep-sleep-'));
  const database = join(folder, 'sleep.db');
  try {
    await fill(database, 'sleeper', count);
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    const startMs = performance.now();
    const backstep = await openBackstep({ database });
    backstep.register(sleeperSaga, { activities: happyActivities });
    await backstep.start();
    const readyMs = performance.now() - startMs;
    collectGarbage();
    const bytes = process.memoryUsage().heapUsed - before;
    const { waiting } = await backstep.read.statusCounts();
    await backstep.stop();
    if (waiting !== count) throw new Error(`${waiting} sagas wait instead of ${count}`);
    return { readyMs, bytesPerSaga: Math.max(0, bytes) / count };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Loads of `sagas` each, one after the other, over a database that holds `stored` ended ones. */
export async function growth(stored: number, sagas: number, concurrency: number, rounds: number) {
  const engine = await openLoaded(happyActivities, {
    prefill: (path) => fill(path, 'four-steps', stored),
  });
  const results: LoadResult[] = [];
  while (results.length < rounds) results.push(await engine.run(sagas, concurrency));
  await engine.close();
  return results;
}

// One saga by the engine, the others its copies, journal and all.
async function fill(database: string, type: 'sleeper' | 'four-steps', count: number) {
  const backstep = await openBackstep({ database });
  backstep.register(sleeperSaga, { activities: happyActivities });
  backstep.register(fourStepSaga, { activities: happyActivities });
  await backstep.start();
  const { id } = await backstep.spawn(type, { input: { order: 1 } });
  while ((await backstep.saga(id).state())?.status === 'running') await new Promise(setImmediate);
  await backstep.stop();
  copyNewest(database, count - 1);
}

/** Copies the newest saga, with its journal, so many times. */
export function copyNewest(database: string, count: number): void {
  const db = new Database(database);
  const of = db.prepare('SELECT max(sid) FROM sagas').pluck().get();
  db.pragma('synchronous = OFF');
  db.prepare(COPY_SAGAS).run({ of, count });
  db.prepare(COPY_JOURNAL).run({ of, count });
  db.close();
  reachDisk(database);
}

// What was written without waiting would else go to the disk while the engine is measured on it.
function reachDisk(path: string): void {
  const file = openSync(path, 'r+');
  fsyncSync(file);
  closeSync(file);
}

const COPIES = `WITH RECURSIVE copies(n) AS (
  SELECT 1 WHERE @count > 0 UNION ALL SELECT n + 1 FROM copies WHERE n < @count
)`;

const COPY_SAGAS = `${COPIES}
  INSERT INTO sagas (sid, id, type, version, definition_hash, key, status, seq, wake_at, checksum,
    step, attempts, created_at, updated_at, ended_at, error, state)
  SELECT sid + n, id || '-' || n, type, version, definition_hash, NULL, status, seq, wake_at + n,
    checksum, step, attempts, created_at, updated_at, ended_at, error, state
  FROM copies, sagas WHERE sid = @of`;

const COPY_JOURNAL = `${COPIES}
  INSERT INTO journal (seq, sid, saga_seq, at, kind, cause, event, from_state, to_state, status, data)
  SELECT seq + n * (SELECT max(seq) FROM journal), sid + n, saga_seq, at, kind, cause,
    event, from_state, to_state, status, data
  FROM copies, journal WHERE sid = @of`;

export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  gc();
}
