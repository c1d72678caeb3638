/**
 * Whether anything costs more in a large PostgreSQL database: turns, lists and pages, beside the same
 * over an empty one.
 */
import pg from 'pg';
import type { Backstep } from '../../src/host/backstep.ts';
import { openBackstep } from '../../src/runtime/open-backstep.ts';
import { median } from './figures.ts';
import { openLoadedOnPostgres } from './postgres-load.ts';
import { fourStepSaga, happyActivities } from './workload.ts';

/** What was asked and how long it took, in milliseconds. */
export type ReadTimes = ReadonlyMap<string, number>;

export interface GrowthOnPostgres {
  /** Sagas a second, by turns over the large and over the empty one. */
  readonly large: readonly number[];
  readonly empty: readonly number[];
  readonly largeReads: ReadTimes;
  readonly emptyReads: ReadTimes;
}

const TIMES = 5;

/** Loads of `sagas` each by turns over a database that holds `stored` ended ones and an empty one. */
export async function growthOnPostgres(
  stored: number,
  sagas: number,
  concurrency: number,
  rounds: number,
): Promise<GrowthOnPostgres> {
  const large = await openLoadedOnPostgres(happyActivities, {
    prefill: (url) => fillPostgres(url, stored),
  });
  const empty = await openLoadedOnPostgres(happyActivities);
  const rates = { large: [] as number[], empty: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    rates.large.push((await large.run(sagas, concurrency)).sagasPerSecond);
    rates.empty.push((await empty.run(sagas, concurrency)).sagasPerSecond);
  }
  const largeReads = await readTimes(large.backstep);
  const emptyReads = await readTimes(empty.backstep);
  await large.close();
  await empty.close();
  return { ...rates, largeReads, emptyReads };
}

/** One saga by the engine, the others its copies, journal and all. */
export async function fillPostgres(url: string, count: number): Promise<void> {
  const backstep = await openBackstep({ database: url });
  backstep.register(fourStepSaga, { activities: happyActivities });
  await backstep.start();
  const { id } = await backstep.spawn('four-steps', { input: { order: 1 } });
  await backstep.saga(id).settled();
  await backstep.stop();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  for (const statement of [COPY_SAGAS, COPY_JOURNAL]) await client.query(statement, [count - 1]);
  // As autovacuum leaves a database that has grown to that size. But for the journal, which is read
  // by its keys alone: it would offer the room at the end of every page that was just filled, and
  // the first sagas would pay for touching them all.
  await client.query('VACUUM ANALYZE backstep.sagas, backstep.ended_sagas');
  await client.query('ANALYZE backstep.journal');
  await client.query('CHECKPOINT');
  await client.end();
}

const COPY_SAGAS = `INSERT INTO backstep.sagas (sid, id, type, version, definition_hash, key, status,
    seq, wake_at, checksum, step, attempts, created_at, updated_at, ended_at, format, error, state)
  SELECT sid + n, id || '-' || n, type, version, definition_hash, NULL, status, seq, wake_at, checksum,
    step, attempts, created_at, updated_at, ended_at, format, error, state
  FROM backstep.sagas, generate_series(1, $1::bigint) AS copies (n) WHERE sid = 1`;

const COPY_JOURNAL = `INSERT INTO backstep.journal (seq, sid, saga_seq, at, kind, cause, event,
    from_state, to_state, status, format, data)
  SELECT seq + n * (SELECT max(seq) FROM backstep.journal), sid + n, saga_seq, at, kind, cause, event,
    from_state, to_state, status, format, data
  FROM generate_series(1, $1::bigint) AS copies (n), backstep.journal WHERE sid = 1`;

async function readTimes({ read }: Backstep): Promise<ReadTimes> {
  const page = { limit: 50, cursor: null };
  const newest = await read.listSagas({}, page);
  const id = newest.items[0]?.id ?? '';
  const questions: Readonly<Record<string, () => Promise<unknown>>> = {
    'newest sagas': () => read.listSagas({}, page),
    'a page further on': () => read.listSagas({}, { ...page, cursor: newest.nextCursor }),
    'of a status that none has': () => read.listSagas({ status: ['parked'] }, page),
    'at a step that none is at': () => read.listSagas({ step: 'none' }, page),
    'with a text that none has': () => read.listSagas({ text: 'none' }, page),
    'all counted': () => read.countSagas({}),
    'counts by status': () => read.statusCounts(),
    'counts by version': () => read.versionCounts(),
    'groups of dead letters': () => read.deadLetterGroups(),
    'one saga': () => read.saga(id),
    'its history': () => read.transitions(id, page),
    'the end of the feed': async () => read.feedAfter((await read.lastSeq()) - 50, 50, {}),
  };
  const times = new Map<string, number>();
  for (const [name, ask] of Object.entries(questions)) {
    const each: number[] = [];
    for (let time = 0; time < TIMES; time += 1) {
      const startMs = performance.now();
      await ask();
      each.push(performance.now() - startMs);
    }
    times.set(name, median(each));
  }
  return times;
}
