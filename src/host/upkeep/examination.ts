/**
 * Whether a stored saga is what its journal gives: every turn is taken through the core once more,
 * what it had to write is worked out as the engine does, and compared with what is there.
 *
 * Pure. Invariant: a saga that the engine wrote, at whatever moment it is read, has no flaw.
 */
import { crc32 } from 'node:zlib';
import type { SagaDefinition } from '../../core/define/definition.ts';
import { BackstepError } from '../../core/errors.ts';
import type { JournalRecord } from '../../core/turn/inbound.ts';
import { type VersionLookup, versionsAlong } from '../../core/history/journal-versions.ts';
import { recordOfLine, type ReplayedTurn, replayRecord } from '../../core/history/replay.ts';
import type { SagaState } from '../../core/state.ts';
import { keepsText } from '../../core/turn/kept-text/moved.ts';
import type { OutboxRow, SagaStanding, TurnRecord } from '../../store/commit.ts';
import { formerOutboxId, outboxId } from '../../store/outbox-id.ts';
import type { JournalTable, SagasTable } from '../../store/schema.ts';
import type { SagaAsStored } from '../../store/as-stored.ts';
import { lineOf } from './journal-export.ts';
import { recordOf } from '../turn/projection.ts';
import { textKeptAfter } from './text-kept.ts';
import { isSameState } from './whole-text.ts';
import { hashOf, isOfInput } from '../starts/start-input.ts';
import { outboxRowsOf } from '../outside/outbox-messages.ts';

/** What can be wrong with a stored saga. */
export type FlawKind =
  /** The snapshot's text does not match its checksum. */
  | 'checksum'
  /** A journal record is missing, damaged, or leads elsewhere in this code. */
  | 'journal'
  /** The snapshot is not what the journal gives. */
  | 'snapshot'
  /** A column of the saga's row is not what the turn wrote. */
  | 'row'
  /** The saga would wake at the wrong time, or never. */
  | 'timer'
  | 'steps'
  | 'message'
  | 'dead-letter'
  | 'audit'
  | 'start-key';

export interface Flaw {
  readonly kind: FlawKind;
  /** What is there, and what should be. */
  readonly message: string;
}

/** What looking at one saga gave. */
export interface Examined {
  readonly flaws: readonly Flaw[];
  /** Records that were replayed. */
  readonly turns: number;
}

/** What the replay says must be stored. */
interface Expected {
  readonly state: SagaState;
  readonly left: TurnRecord;
  readonly letter: TurnRecord['deadLetter'];
  readonly inputHash: string | null;
  readonly audit: readonly string[];
  /** Messages by outbox id. */
  readonly messages: ReadonlyMap<number, OutboxRow>;
  /** How it stood before it began to leave for another database. */
  readonly asItWas?: SagaStanding;
}

/**
 * Examines one saga with the definition of its type and version.
 *
 * @param older the versions it ran under before, where it was migrated
 */
export function examineSaga(
  definition: SagaDefinition,
  stored: SagaAsStored,
  older: VersionLookup = () => undefined,
): Examined {
  const { row } = stored;
  const flaws: Flaw[] = [];
  const flaw = (kind: FlawKind, message: string): void => void flaws.push({ kind, message });
  if (crc32(row.state) !== row.checksum) {
    flaw('checksum', 'its snapshot does not match its checksum: the text was changed or damaged');
  }
  const { expected, turns, why, isPartial } = replayAll(definition, stored, older);
  if (why !== null) flaw('journal', why);
  if (expected !== null && why === null) {
    compareState(stored, expected, flaw);
    if (!isPartial) compareRecords(stored, expected, flaw);
  }
  return { flaws, turns };
}

interface ReplayedAll {
  /** After the last record; `null` when there is none that could be replayed. */
  readonly expected: Expected | null;
  readonly turns: number;
  readonly why: string | null;
  /** Some records are of a version that does not replay with this definition. */
  readonly isPartial: boolean;
}

function replayAll(
  definition: SagaDefinition,
  { row, journal }: SagaAsStored,
  older: VersionLookup,
): ReplayedAll {
  const versionAt = versionsAlong(migrationsIn(journal), definition, older);
  /**
   * Where a record does not replay under the very version that wrote it: no migration excuses that.
   */
  let astray: string | null = null;
  let expected: Expected | null = null;
  let turns = 0;
  let why: string | null = null;
  let isPartial = false;
  for (const line of journal) {
    try {
      const record = recordOfLine(lineOf(line));
      const isMigration = record.inbound.kind === 'migrate';
      if (why !== null && !isMigration) continue; // only a migration leads on from here
      const { definition: written, isEdited } = versionAt(record.sagaSeq);
      const before = expected?.state ?? null;
      const next = replayRecord(written ?? definition, row.id, before, record);
      if (next.kind === 'differs') {
        why ??= `at record ${next.flaw.sagaSeq}: ${next.flaw.why}`;
        if (written !== undefined && !isEdited) astray ??= why;
        continue;
      }
      isPartial ||= why !== null;
      why = null;
      expected = expectedAfter(expected, next, line, row);
      turns = record.sagaSeq;
    } catch (error) {
      if (!(error instanceof BackstepError)) throw error;
      return { expected, turns, why: error.message, isPartial };
    }
  }
  why ??= astray;
  if (why === null && turns !== row.seq) {
    why = `the saga is at turn ${row.seq} and its journal at ${turns}`;
  }
  return { expected, turns, why, isPartial };
}

function migrationsIn(journal: SagaAsStored['journal']): readonly JournalRecord[] {
  const migrations: JournalRecord[] = [];
  for (const line of journal) {
    if (line.cause !== 'migrate') continue;
    try {
      migrations.push(recordOfLine(lineOf(line)));
    } catch (error) {
      if (!(error instanceof BackstepError)) throw error; // told when it is its turn
    }
  }
  return migrations;
}

function expectedAfter(
  before: Expected | null,
  { record, state, effects }: ReplayedTurn,
  { seq }: JournalTable,
  row: SagasTable,
): Expected {
  const turn = { before: before?.state ?? null, after: state, record, effects };
  const kept = before === null || !keepsText(record) ? null : textKeptAfter(before, record);
  const left = kept ?? recordOf(turn, Infinity);
  const { deadLetter, audit } = left;
  const isLeaving = record.inbound.kind === 'move' && record.inbound.phase === 'leave';
  const messages = new Map(before?.messages);
  for (const message of kept === null ? outboxRowsOf(turn) : []) {
    const formerId = formerOutboxId(seq, message.index);
    if (!messages.has(formerId)) messages.set(formerId, message);
    messages.set(outboxId(seq, message.index), message);
  }
  return {
    state,
    left,
    letter: deadLetter === null ? (before?.letter ?? null) : deadLetter,
    inputHash: before === null ? hashOfInput(record, row) : before.inputHash,
    audit: [
      ...(before?.audit ?? []),
      ...(audit === null ? [] : [auditText(record.sagaSeq, audit)]),
    ],
    messages,
    ...(isLeaving && before !== null ? { asItWas: before.left.saga } : {}),
  };
}

function hashOfInput({ inbound }: JournalRecord, { key }: SagasTable): string | null {
  if (key === null || inbound.kind !== 'start') return null;
  return hashOf(inbound.input);
}

type Report = (kind: FlawKind, message: string) => void;

function compareState(stored: SagaAsStored, expected: Expected, flaw: Report): void {
  const { row } = stored;
  const { saga } = expected.left;
  if (row.state !== saga.state && !isSameState(stored, expected.state)) {
    flaw('snapshot', 'its snapshot is not what its journal gives');
  }
  for (const [kind, column, is, should] of columnsOf(row, saga)) {
    if (is !== should) flaw(kind, `${column} is ${shown(is)} and should be ${shown(should)}`);
  }
  compareSteps(stored, expected, flaw);
}

function compareRecords(stored: SagaAsStored, expected: Expected, flaw: Report): void {
  const { messages, audit } = stored;
  compareLetter(stored, expected, flaw);
  for (const { id, event, data } of messages) {
    const wanted = expected.messages.get(id);
    if (wanted?.event === event && wanted.data === data) continue;
    flaw('message', `message ${id} (${event}) is not one that the saga has sent`);
  }
  const audited = audit.map(({ saga_seq, ...entry }) => auditText(saga_seq, entry));
  for (const entry of expected.audit) {
    if (!audited.includes(entry)) flaw('audit', `the audit lacks ${entry}`);
  }
  for (const entry of audited) {
    if (!expected.audit.includes(entry)) flaw('audit', `the journal knows nothing of ${entry}`);
  }
  compareKey(stored, expected, flaw);
}

function columnsOf(row: SagasTable, saga: SagaStanding) {
  return [
    ['row', 'status', row.status, saga.status],
    ['timer', 'wake_at', row.wake_at, saga.wakeAtMs],
    ['row', 'step', row.step, saga.step],
    ['row', 'attempts', row.attempts, saga.attempts],
    ['row', 'error', row.error, saga.error],
    ['row', 'updated_at', row.updated_at, saga.updatedAtMs],
    ['row', 'ended_at', row.ended_at, saga.endedAtMs],
  ] as const;
}

function compareSteps({ steps, row }: SagaAsStored, { state }: Expected, flaw: Report): void {
  const is = steps === null ? 'an error' : steps.map(stepText).join(', ');
  const should = state.steps.map(stepText).join(', ');
  // A damaged snapshot shows in its projection too; once is enough.
  if (is === should || crc32(row.state) !== row.checksum) return;
  flaw('steps', `saga_steps shows ${is || 'nothing'} and should show ${should || 'nothing'}`);
}

function compareLetter({ openLetter }: SagaAsStored, { letter }: Expected, flaw: Report): void {
  const wanted = letter === null || letter.letter === null ? null : letter;
  if (wanted === null && openLetter === null) return;
  if (wanted === null) return flaw('dead-letter', 'a dead letter is open and nothing is given up');
  if (openLetter === null)
    return flaw('dead-letter', `its dead letter (${wanted.kind}) is missing`);
  if (openLetter.kind !== wanted.kind) {
    flaw('dead-letter', `its dead letter says ${openLetter.kind} and should say ${wanted.kind}`);
  } else if (wanted.kind !== 'parked' && openLetter.letter !== wanted.letter) {
    // A parked saga's letter may have been read from a text that was damaged when it was parked.
    flaw('dead-letter', 'its dead letter does not list what its journal gives');
  }
}

function compareKey({ row, startKey }: SagaAsStored, { inputHash }: Expected, flaw: Report): void {
  if (row.key === null) return;
  if (startKey === null) {
    flaw(
      'start-key',
      `its start key "${row.key}" is missing: a second start would be a second saga`,
    );
  } else if (startKey.saga_id !== row.id) {
    flaw('start-key', `its start key "${row.key}" names saga ${startKey.saga_id}`);
  } else if (inputHash === null || !isOfInput(startKey.input_hash, inputHash)) {
    flaw('start-key', `its start key "${row.key}" is kept with the hash of another input`);
  }
}

function stepText(step: {
  readonly name: string;
  readonly occurrence: number;
  readonly status: string;
  readonly attempts: number;
}): string {
  return `${step.name}#${step.occurrence} ${step.status} (${step.attempts} attempts)`;
}

function auditText(
  sagaSeq: number,
  { command, by, reason }: { command: string; by: string; reason: string | null },
): string {
  return `${command} by ${by} at record ${sagaSeq}${reason === null ? '' : ` (${reason})`}`;
}

function shown(value: string | number | null): string {
  return value === null ? 'none' : String(value);
}
