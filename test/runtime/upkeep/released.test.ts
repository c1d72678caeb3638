/**
 * Databases of released versions, with sagas in flight of every kind: the newest code takes all of
 * them to an end, or to the person who has to decide.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Backstep } from '../../../src/host/backstep.ts';
import { examineDatabase } from '../../../src/host/upkeep/doctor.ts';
import { openBackstep } from '../../../src/runtime/open-backstep.ts';
import type { SagaStatus } from '../../../src/core/status.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { healthyActivities, RELEASED_SAGAS } from '../../fixtures/released-sagas.ts';
import { resultOf } from './result-of.ts';

const FOLDER = fileURLToPath(new URL('../../fixtures/released', import.meta.url));
const RELEASES = readdirSync(FOLDER).filter((name) => name.endsWith('.db.gz'));
const DAY_MS = 86_400_000;
/** One of them begins after ninety. */
const MAX_DAYS = 100;

/** How each saga must end once nothing fails any more, by words in its name; else completed. */
const ENDS: readonly (readonly [word: string, end: SagaStatus])[] = [
  ['undoing', 'compensated'],
  ['undone', 'compensated'],
  ['rounds-back', 'compensated'],
  ['cancelled', 'compensated'],
  // Its probe says that the step in doubt never happened.
  ['asked', 'compensated'],
  // A person retried what was given up.
  ['given-up', 'compensated'],
];

interface Opened {
  readonly path: string;
  /** Sagas that had not ended when the release was left. */
  readonly inFlight: number;
  readonly clock: VirtualClock;
  readonly backstep: Backstep;
  readonly delivered: string[];
}

async function opened(release: string): Promise<Opened> {
  const folder = mkdtempSync(join(tmpdir(), 'backstep-released-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'engine.db');
  writeFileSync(path, gunzipSync(readFileSync(join(FOLDER, release))));
  const db = new Database(path, { readonly: true });
  const open = db.prepare('SELECT count(*) FROM sagas WHERE ended_at IS NULL').pluck().get();
  db.close();
  const clock = new VirtualClock(Date.UTC(2026, 0, 2));
  const backstep = await openBackstep({ database: path, clock });
  onTestFinished(async () => {
    const stopping = backstep.stop({ within: 0 });
    clock.advance(0);
    await stopping;
  });
  const delivered: string[] = [];
  const deliver = (event: object): void => void delivered.push(String(Reflect.get(event, 'name')));
  for (const saga of RELEASED_SAGAS) {
    backstep.register(saga, {
      activities: healthyActivities(),
      subscribers: { 'stay.completed': deliver, 'visit.reminder': () => {} },
    });
  }
  await backstep.start();
  return { path, clock, backstep, delivered, inFlight: Number(open) };
}

/** Waits until nothing commits any more, then lets time pass, until every saga is settled. */
async function everySagaSettled({ backstep, clock }: Opened): Promise<void> {
  for (let day = 0; ; day++) {
    await expect.poll(() => backstep.figures().busyActors).toBe(0);
    const { items } = await backstep.read.listSagas({}, { limit: 200, cursor: null });
    const open = items.filter(
      ({ endedAtMs, status }) => endedAtMs === null && !needsPerson(status),
    );
    if (open.length === 0) return;
    // What has fallen due is read from the database meanwhile.
    clock.sleep(day < MAX_DAYS ? DAY_MS : 0);
    clock.advance(1_000);
  }
}

const needsPerson = (status: SagaStatus): boolean =>
  status === 'compensation_failed' || status === 'failed' || status === 'parked';

describe.each(RELEASES)('a database of release %s', (release) => {
  test('is read without a flaw, and its sagas in flight all come to their ends', async () => {
    const all = await opened(release);
    const { backstep, path, delivered } = all;
    const { items: before } = await backstep.read.listSagas({}, { limit: 200, cursor: null });
    expect(all.inFlight).toBeGreaterThan(18);
    expect(before.map(({ status }) => status)).not.toContain('parked');

    // What waits for a person, or for the world, gets its word.
    const idOf = async (name: string): Promise<string> => {
      const saga = before.find(({ key }) => key === name || key?.startsWith(`${name} `));
      if (saga === undefined) throw new Error(`there is no saga ${name}`);
      return saga.id;
    };
    await backstep.saga(await idOf('paused')).command({ name: 'resume', by: 'ada' });
    await backstep.saga(await idOf('given-up')).command({ name: 'retry', by: 'ada' });
    await backstep.saga(await idOf('past-pivot')).command({ name: 'retry', by: 'ada' });
    await backstep.saga(await idOf('asking')).send({ type: 'approve' });
    const children = before.filter(({ id }) => id.includes('.visit.'));
    expect(children).toHaveLength(2);
    for (const { id } of children) await backstep.saga(id).send({ type: 'approve' });

    // The one that is to begin in ninety days is among them.
    await everySagaSettled(all);
    const { items: after } = await backstep.read.listSagas({}, { limit: 200, cursor: null });
    const wrong = after.filter(({ key, status }) => status !== endOf(key ?? ''));
    expect(wrong.map(({ key, status, error }) => [key, status, error])).toEqual([]);
    expect(after).toHaveLength(before.length);
    await expect.poll(() => delivered).toContain('told');

    expect(await examined(path)).toEqual([]);
  });
});

function endOf(name: string): SagaStatus {
  return ENDS.find(([word]) => name.includes(word))?.[1] ?? 'completed';
}

async function examined(path: string): Promise<readonly string[]> {
  const { findings } = await resultOf(examineDatabase({ database: path }, RELEASED_SAGAS));
  // The present drawing may write a state otherwise than the one that wrote it.
  const other = findings.filter(({ kind }) => kind !== 'edited-definition' && kind !== 'snapshot');
  return other.map(({ kind, message }) => `${kind}: ${message}`);
}
