/**
 * A database with a saga in every kind of situation, left as a process that was killed leaves it,
 * and copies of it to damage.
 */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { PermanentError, TransientError } from '../../../src/core/failure.ts';
import { EngineHarness } from '../engine-harness.ts';
import { recordedActivities, tripSaga } from '../trip-saga.ts';

/** The sagas in it by situation; the values are public ids. */
export type Situations = Record<
  'completed' | 'compensated' | 'given-up' | 'retrying' | 'running' | 'cancelled',
  string
>;

export class DoctoredDatabase {
  readonly #folder = mkdtempSync(join(tmpdir(), 'backstep-doctor-'));
  readonly #original = join(this.#folder, 'original.db');
  #copies = 0;
  ids: Situations = {
    completed: '',
    compensated: '',
    'given-up': '',
    retrying: '',
    running: '',
    cancelled: '',
  };

  async fill(): Promise<void> {
    const harness = new EngineHarness(tripSaga, { onDisk: true });
    const never = (): Promise<never> => new Promise(() => {});
    const { activities } = recordedActivities({
      release: ({ trip }) => {
        if (trip === 'given-up') throw new PermanentError('gone', 'the hotel does not answer');
        return { receipt: trip };
      },
      charge: ({ trip }) => {
        if (trip === 'completed') return { receipt: trip };
        if (trip === 'retrying') throw new TransientError('busy', 'try again');
        if (trip === 'running' || trip === 'cancelled') return never();
        throw new PermanentError('declined', 'no');
      },
    });
    // A subscriber that always throws leaves its message in the outbox.
    const subscribers = {
      'trip.completed': () => {
        throw new TransientError('busy', 'the subscriber is busy');
      },
    };
    const backstep = await harness.open(activities, { subscribers });
    const start = async (trip: keyof Situations): Promise<void> => {
      const { id } = await backstep.spawn('trip', { input: { trip }, key: trip });
      this.ids[trip] = id;
    };
    for (const trip of Object.keys(this.ids) as (keyof Situations)[]) await start(trip);
    const { ids } = this;
    for (const id of [ids.completed, ids.compensated, ids['given-up']]) {
      await backstep.saga(id).settled({ within: 10_000 });
    }
    await harness.seen(({ sagaId, sagaSeq }) => sagaId === ids.retrying && sagaSeq === 3);
    await harness.seen(({ sagaId, sagaSeq }) => sagaId === ids.running && sagaSeq === 2);
    await harness.seen(({ sagaId, sagaSeq }) => sagaId === ids.cancelled && sagaSeq === 2);
    await backstep
      .saga(ids.cancelled)
      .command({ name: 'cancel', by: 'ada', reason: 'changed plans' });
    await backstep.saga(ids.cancelled).settled({ within: 10_000 });
    const db = new Database(harness.database);
    db.prepare('VACUUM INTO ?').run(this.#original);
    db.close();
    await harness.dispose();
  }

  /** The path of a fresh copy on which the statements were run. */
  damagedBy(...statements: readonly string[]): string {
    const path = join(this.#folder, `copy-${++this.#copies}.db`);
    copyFileSync(this.#original, path);
    const db = new Database(path);
    for (const statement of statements) db.exec(statement);
    db.close();
    return path;
  }

  dispose(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
