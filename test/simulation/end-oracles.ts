/**
 * What must hold of a saga that came to rest, and of everything once all is at rest: all done, all
 * undone, or listed in a dead letter; money and events to match.
 */
import { isSettled, needsPerson } from '../../src/core/status.ts';
import type { BookEntry } from './books.ts';
import type { DiskSaga } from './disk.ts';
import { childrenOf, waitsForPerson } from './family-oracles.ts';
import { checkLedger } from './ledger-oracles.ts';
import { memberOf } from './sim-saga.ts';
import { isResolved } from './stored-states.ts';
import type { OracleName, OracleScene } from './violation.ts';

type Fail = (oracle: OracleName, message: string) => void;

/** What subscribers should have heard by now, and what they did hear. */
export interface Heard {
  /** Keys of the messages that became durable. */
  readonly emitted: ReadonlySet<string>;
  /** Keys of the messages that were handed over. */
  readonly keys: ReadonlySet<string>;
  /** Ids of the sagas whose completion was announced. */
  readonly completed: ReadonlySet<string>;
}

/** What a dead letter says. */
interface Letter {
  readonly maybe: readonly string[];
  readonly outstanding: readonly string[];
}

/** What a saga did that stands. */
interface Standing {
  readonly step: string;
  readonly amountMinor: number;
}

/** Checks the end of one saga, when it is at one. */
export function checkEnd(scene: OracleScene, sid: number, fail: Fail): void {
  const saga = scene.disk.sagas.get(sid);
  if (saga === undefined) return;
  const { id } = saga.birth;
  const { status } = saga.row;
  checkLedger(scene, saga, fail);
  if (status === 'completed') checkCompleted(scene, saga, fail);
  const standing = isSettled(status) ? standingOf(scene, saga) : [];
  if (status === 'compensated' && standing.length > 0) {
    fail('all-or-nothing', `saga ${id} is compensated and ${namesOf(standing)} stands`);
  }
  const isOpen = needsPerson(status) && !isResolved(scene.states.of(saga.row));
  if (isOpen) checkLetter(scene, saga, standing, fail);
}

/** Checks everything, once nothing moves any more. */
export function checkRest(scene: OracleScene, heard: Heard, fail: Fail): void {
  const { disk, worldBooks } = scene;
  let expectedMinor = 0;
  for (const [sid, saga] of disk.sagas) {
    const { row, birth } = saga;
    if (!isSettled(row.status) && !waitsForPerson(scene, saga)) {
      fail('liveness', `saga ${birth.id} is still ${row.status}`);
    }
    checkEnd(scene, sid, fail);
    const charges = standingOf(scene, saga).filter((each) => each.amountMinor > 0);
    const isOwed = row.status === 'completed';
    const { chargeStep, completion } = memberOf(scene.saga, birth.type);
    if (isOwed && charges.length !== (chargeStep === null ? 0 : 1)) {
      fail('money', `${birth.id} completed without its charge`);
    }
    if (row.status === 'compensated') continue;
    for (const { amountMinor } of charges) expectedMinor += amountMinor;
    if (isOwed && completion !== null && !heard.completed.has(birth.id)) {
      fail('event-delivered', `nobody heard that saga ${birth.id} completed`);
    }
  }
  if (worldBooks.netMinor !== expectedMinor) {
    fail('money', `charges minus refunds are ${worldBooks.netMinor}, not ${expectedMinor}`);
  }
  const unheard = [...heard.emitted].filter((key) => !heard.keys.has(key));
  if (unheard.length > 0) fail('event-delivered', `nobody heard ${unheard.join(', ')}`);
  if (disk.outbox.size > 0) fail('event-delivered', `${disk.outbox.size} events are left`);
}

/** No account without its customer's file, but for what an operator terminated. */
export function checkBank({ disk, worldBooks }: OracleScene, fail: Fail): void {
  for (const { bank } of [disk.books, worldBooks]) {
    for (const [subject, { sagaId, state }] of bank.accounts) {
      const customer = subject.slice(0, subject.indexOf('.'));
      if (state === 'closed' || bank.files.has(customer)) continue;
      const sid = disk.sidOf(sagaId);
      if (sid !== null && disk.sagas.get(sid)?.row.status === 'terminated') continue;
      fail('bank', `the account ${subject} of ${sagaId} is ${state}, the file is closed`);
    }
  }
}

function checkCompleted(scene: OracleScene, saga: DiskSaga, fail: Fail): void {
  const done = entriesOf(scene, saga.birth.id).filter(isDone);
  const parts = scene.states.of(saga.row);
  // One that a person settled past its pivot went on to its end all the same.
  const isThrough = ({ row }: DiskSaga): boolean =>
    row.status === 'completed' || (row.status === 'failed' && isResolved(scene.states.of(row)));
  const children = childrenOf(scene.disk, parts).filter(isThrough);
  const wanted = memberOf(scene.saga, saga.birth.type).stepsOf(parts.machine.context.input);
  if (wanted === null || done.length + children.length === wanted) return;
  const { id } = saga.birth;
  fail('all-or-nothing', `saga ${id} completed with only ${namesOf(done) || 'nothing'}`);
}

function checkLetter(
  { disk, states }: OracleScene,
  { row, birth }: DiskSaga,
  standing: readonly Standing[],
  fail: Fail,
): void {
  const open = disk.letters.get(row.sid);
  if (open === undefined) return fail('dead-letter', `saga ${birth.id} is ${row.status} unlisted`);
  const letter = JSON.parse(open.letter) as Letter;
  const { steps } = states.of(row);
  const done = steps.filter(({ status }) => status === 'completed');
  // Past its pivot a saga stands by what is done; without one, once a retriable step has begun.
  const isPast = ({ kind }: { readonly kind?: string }): boolean =>
    kind === 'pivot' || kind === 'retriable';
  const hasPivot = steps.some(({ kind }) => kind === 'pivot');
  const isKept = done.some(isPast) || (!hasPivot && steps.some(isPast));
  const givenUp = steps.filter(({ status }) => status === 'skipped');
  const kept = (isKept ? [...done, ...givenUp] : givenUp).map(({ name }) => name);
  if (isKept) kept.push(...letter.maybe);
  const missing = standing.filter(
    ({ step }) => !letter.outstanding.includes(step) && !kept.includes(step),
  );
  if (missing.length > 0) {
    const names = namesOf(missing);
    fail('dead-letter', `the letter of saga ${birth.id} (${row.status}) does not list ${names}`);
  }
}

/** What stands of a saga; of a child all that stands is the step that ran it. */
function standingOf(scene: OracleScene, { row, birth }: DiskSaga): readonly Standing[] {
  const own = entriesOf(scene, birth.id).filter(({ state }) => state === 'applied');
  const { steps } = scene.states.of(row);
  const byChildren = steps.flatMap(({ name, childId }) => {
    if (childId === undefined) return [];
    const { disk, worldBooks } = scene;
    const all = [disk.books, worldBooks].flatMap((books) => books.familyEntriesOf(childId));
    const isStanding = all.some(({ state }) => state === 'applied');
    return isStanding ? [{ step: name, amountMinor: 0 }] : [];
  });
  return [...own, ...byChildren];
}

function entriesOf({ disk, worldBooks }: OracleScene, sagaId: string): readonly BookEntry[] {
  return [...disk.books.entriesOf(sagaId), ...worldBooks.entriesOf(sagaId)];
}

// What the parent of a saga took back was done all the same.
function isDone({ state }: BookEntry): boolean {
  return state === 'applied' || state === 'withdrawn';
}

function namesOf(standing: readonly Standing[]): string {
  return standing.map((entry) => entry.step).join(', ');
}
