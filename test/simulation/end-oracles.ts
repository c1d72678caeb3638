/**
 * What must hold of a saga that came to rest, and of everything once all is at rest: all done, all
 * undone, or listed in a dead letter; money and events to match.
 */
import { isSettled, needsPerson } from '../../src/core/status.ts';
import type { BookEntry } from './books.ts';
import type { DiskSaga } from './disk.ts';
import type { OracleName, OracleScene } from './violation.ts';

type Fail = (oracle: OracleName, message: string) => void;

/** What a dead letter says. */
interface Letter {
  readonly outstanding: readonly string[];
}

/** Checks the end of one saga, when it is at one. */
export function checkEnd(scene: OracleScene, sid: number, fail: Fail): void {
  const saga = scene.disk.sagas.get(sid);
  if (saga === undefined) return;
  const { id } = saga.birth;
  const { status } = saga.row;
  const standing = standingOf(scene, id);
  const names = standing.map((entry) => entry.step).join(', ');
  if (status === 'completed' && standing.length !== scene.saga.stepCount) {
    fail('all-or-nothing', `saga ${id} completed with only ${names || 'nothing'}`);
  }
  if (status === 'compensated' && standing.length > 0) {
    fail('all-or-nothing', `saga ${id} is compensated and ${names} stands`);
  }
  if (needsPerson(status)) checkLetter(scene, saga, standing, fail);
}

/** Checks everything, once nothing moves any more. */
export function checkRest(scene: OracleScene, delivered: ReadonlySet<string>, fail: Fail): void {
  const { disk, worldBooks } = scene;
  let expectedMinor = 0;
  for (const [sid, { row, birth }] of disk.sagas) {
    if (!isSettled(row.status)) fail('liveness', `saga ${birth.id} is still ${row.status}`);
    checkEnd(scene, sid, fail);
    const charges = standingOf(scene, birth.id).filter((each) => each.amountMinor > 0);
    const isOwed = row.status === 'completed';
    if (isOwed && charges.length !== 1) fail('money', `${birth.id} completed without its charge`);
    if (row.status === 'compensated') continue;
    for (const { amountMinor } of charges) expectedMinor += amountMinor;
    if (isOwed && !delivered.has(birth.id)) {
      fail('event-delivered', `nobody heard that saga ${birth.id} completed`);
    }
  }
  if (worldBooks.netMinor !== expectedMinor) {
    fail('money', `charges minus refunds are ${worldBooks.netMinor}, not ${expectedMinor}`);
  }
  if (disk.outbox.size > 0) fail('event-delivered', `${disk.outbox.size} events are left`);
}

function checkLetter(
  { disk }: OracleScene,
  { row, birth }: DiskSaga,
  standing: readonly BookEntry[],
  fail: Fail,
): void {
  const open = disk.letters.get(row.sid);
  if (open === undefined) return fail('dead-letter', `saga ${birth.id} is ${row.status} unlisted`);
  const letter = JSON.parse(open.letter) as Letter;
  const missing = standing.filter((entry) => !letter.outstanding.includes(entry.step));
  if (missing.length > 0) {
    const names = missing.map((entry) => entry.step).join(', ');
    fail('dead-letter', `the letter of saga ${birth.id} (${row.status}) does not list ${names}`);
  }
}

function standingOf({ disk, worldBooks }: OracleScene, sagaId: string): readonly BookEntry[] {
  return [...disk.books.entries, ...worldBooks.entries].filter(
    (entry) => entry.sagaId === sagaId && entry.state === 'applied',
  );
}
