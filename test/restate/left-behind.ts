/** What sagas on Restate have left behind once all is quiet: in the database, and with activities. */
import { readFileSync } from 'node:fs';
import { examineDatabase } from '../../src/host/upkeep/doctor.ts';
import { openStoredSagas, type StoredDatabase } from '../../src/store/stored-sagas.ts';
import { parcelSaga } from '../conformance/sagas.ts';
import { onceSaga } from './deadly-parcels.ts';

/** Counts of what is stored. */
export interface Stored {
  readonly sagas: number;
  readonly completed: number;
  readonly compensated: number;
  /** Start keys that more than one saga has. */
  readonly doubledStartKeys: readonly string[];
  /** Sagas whose journal lacks a turn, or has one twice. */
  readonly holes: readonly string[];
  /** Attempts that were cut off and counted. */
  readonly interrupted: number;
}

/** Reads every saga and its journal. */
export async function storedIn(database: StoredDatabase): Promise<Stored> {
  const stored = await openStoredSagas(database);
  const statuses: string[] = [];
  const keys: string[] = [];
  const holes: string[] = [];
  let interrupted = 0;
  try {
    for await (const { row, journal, startKey } of stored.sagas()) {
      statuses.push(row.status);
      if (startKey !== null) keys.push(startKey.key);
      const lines = [...journal];
      if (lines.some(({ saga_seq }, at) => saga_seq !== at + 1)) holes.push(row.id);
      interrupted += lines.filter(({ cause }) => cause === 'interrupted').length;
    }
  } finally {
    await stored.close();
  }
  const of = (status: string): number => statuses.filter((each) => each === status).length;
  return {
    sagas: statuses.length,
    completed: of('completed'),
    compensated: of('compensated'),
    doubledStartKeys: keys.filter((key, at) => keys.indexOf(key) !== at),
    holes,
    interrupted,
  };
}

/** What the doctor finds when it replays every journal through the core. */
export async function findingsIn(database: StoredDatabase): Promise<readonly unknown[]> {
  const examination = examineDatabase(database, [parcelSaga, onceSaga]);
  for (;;) {
    const { done, value } = await examination.next();
    if (done === true) return value.findings;
  }
}

/** A line of what the workers of `saga-worker.ts` wrote of one call of an activity. */
export function lineOf(call: {
  readonly sagaId: string;
  readonly step: string;
  readonly forwardKey: string | null;
  readonly key: string;
}): string {
  const { sagaId, step, forwardKey, key } = call;
  return `${sagaId} ${step} ${forwardKey === null ? 'forward' : 'compensate'} ${key}\n`;
}

/** What activities were called with. */
export interface Called {
  /** Keys, one for each effect however often it was called; without those of an undone last step. */
  readonly keys: number;
  /** Keys that were called more than once. */
  readonly runAgain: number;
  /** Effects that were called with more than one key. */
  readonly otherKeys: readonly string[];
}

/** Reads those lines. */
export function calledIn(file: string): Called {
  const calls = readFileSync(file, 'utf8').trim().split('\n');
  const counts = new Map<string, number>();
  const keyOf = new Map<string, string>();
  const otherKeys: string[] = [];
  for (const call of calls) {
    const [saga, step, direction, key = ''] = call.split(' ');
    // One that was interrupted before it was refused may have happened, and is undone as well.
    if (step === 'ship' && direction === 'compensate') continue;
    counts.set(key, (counts.get(key) ?? 0) + 1);
    const effect = `${saga} ${step} ${direction}`;
    if ((keyOf.get(effect) ?? key) !== key) otherKeys.push(effect);
    keyOf.set(effect, key);
  }
  const runAgain = [...counts.values()].filter((count) => count > 1).length;
  return { keys: counts.size, runAgain, otherKeys };
}
