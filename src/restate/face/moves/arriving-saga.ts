/**
 * A saga of a file as the object of a saga on Restate takes it. Pure.
 *
 * Rows say how it stands now, and its journal what it did; there are no records of what each of its
 * turns left in its row, and none are needed but the last.
 */
import { crc32 } from 'node:zlib';
import { encodeParts, parseStored } from '../../../core/history/codec.ts';
import { recordOfLine } from '../../../core/history/replay.ts';
import { STORED_FORMAT } from '../../../core/history/stored-format.ts';
import { BackstepError } from '../../../core/errors.ts';
import { failureOfText } from '../../../core/failure.ts';
import type { Whole } from '../../../host/moves/import-sagas.ts';
import type { MoveHeader } from '../../../host/moves/move-file.ts';
import { lineOf } from '../../../host/upkeep/journal-export.ts';
import { wholeText } from '../../../host/upkeep/whole-text.ts';
import type { DeadLetterRow, JournalRow, SagaStanding, TurnRecord } from '../../../store/commit.ts';
import type { JournalTable } from '../../../store/schema.ts';
import { keyedSagaId } from '../../keys.ts';
import type { ArriveWords, ArrivingMessage } from '../../moves/move-words.ts';

/** A saga that comes. */
export interface ArrivingSaga {
  readonly id: string;
  /** All of it, with the first part of its journal. */
  readonly words: Omit<ArriveWords, 'isTrial'>;
  /** The other parts, in order. */
  readonly more: readonly TurnRecord[][];
  readonly messages: readonly ArrivingMessage[];
  /** The object that its start key names here, where that is not its own; `null`: there is none. */
  readonly claim: {
    readonly object: string;
    readonly key: string;
    readonly inputHash: string;
  } | null;
  /** Where it stands in line for its start; `null`: nowhere. */
  readonly position: number | null;
}

/** Characters of one part of a journal. */
const PART_LENGTH = 512 * 1024;

/** Makes it. Throws `state-unreadable` where its text is damaged, which nobody could tell there. */
export function arrivingSaga(
  whole: Whole,
  { move, from, lastSeq }: Pick<MoveHeader, 'move' | 'from' | 'lastSeq'>,
): ArrivingSaga {
  const { saga, parts, journal } = whole;
  const { id, type, key, seq, status, error } = saga;
  const { text, isParkedInIt } = presentText(whole);
  const [turns = [], ...more] = partsOf(turnsOf(whole));
  const isByRow = status === 'parked' && error !== null && !isParkedInIt;
  const { startKey } = parts;
  // A child is started by its id, and every saga of Restate has the id that its key gives.
  const object = key === null || key === id ? id : keyedSagaId(type, key);
  if (journal.length === 0) throw unreadable(id, 'its journal is empty');
  return {
    id,
    more,
    words: {
      move,
      place: from,
      type,
      version: saga.version,
      definitionHash: saga.definition_hash,
      format: STORED_FORMAT,
      status,
      hasEnded: saga.ended_at !== null,
      seq,
      key,
      inputHash: startKey?.input_hash ?? '',
      atMs: saga.updated_at,
      parkFailure: isByRow ? failureOfText(error) : null,
      lastSeq,
      text,
      turns,
    },
    messages: parts.messages.map((row) => ({
      sagaSeq: row.saga_seq,
      position: row.position,
      event: row.event,
      data: row.data,
      knownAs: row.known_as ?? row.id,
    })),
    claim:
      object === id || startKey === null
        ? null
        : { object, key: startKey.key, inputHash: startKey.input_hash },
    position: parts.pendingStart?.position ?? null,
  };
}

function presentText(whole: Whole): { readonly text: string; readonly isParkedInIt: boolean } {
  const { saga, journal } = whole;
  const { id, state, checksum, format } = saga;
  if (crc32(state) !== checksum) throw unreadable(id, 'its state does not match its checksum');
  const parts = parseStored(id, wholeText({ row: saga, journal }), format);
  return { text: encodeParts(parts), isParkedInIt: parts.status === 'parked' };
}

function unreadable(id: string, why: string): BackstepError {
  const cure = 'mend it or end it where it is; Restate keeps no text that it could not vouch for';
  return new BackstepError('state-unreadable', `saga ${id}: ${why}; ${cure}`);
}

/** The turns of its journal, the last one as its row says. */
function turnsOf({ saga, parts, journal }: Whole): readonly TurnRecord[] {
  const letters = lettersOf(parts.letters, journal);
  const audit = new Map(parts.audit.map((entry) => [entry.saga_seq, entry]));
  const { id, type, version, definition_hash: definitionHash, key, created_at } = saga;
  const inputHash = parts.startKey?.input_hash ?? null;
  const birth = { id, type, version, definitionHash, key, inputHash, createdAtMs: created_at };
  return journal.map((line): TurnRecord => {
    const entry = audit.get(line.saga_seq);
    const isLast = line.saga_seq === saga.seq;
    return {
      saga: isLast ? lastStanding(saga) : standingAt(line),
      birth: line.saga_seq === 1 ? birth : null,
      journal: rowOf(line),
      deadLetter: letters.get(line.saga_seq) ?? null,
      audit:
        entry === undefined ? null : { command: entry.command, by: entry.by, reason: entry.reason },
      pendingStart:
        isLast && parts.pendingStart !== null
          ? { kind: 'enter', startAtMs: parts.pendingStart.start_at }
          : null,
    };
  });
}

function standingAt({ saga_seq: seq, at, status }: JournalTable): SagaStanding {
  return {
    expectedSeq: seq - 1,
    seq,
    status,
    wakeAtMs: null,
    state: '',
    checksum: 0,
    step: null,
    attempts: 0,
    error: null,
    updatedAtMs: at,
    endedAtMs: null,
    isStandingSame: false,
  };
}

function lastStanding(saga: Whole['saga']): SagaStanding {
  const { seq, status, step, attempts, error, wake_at, updated_at, ended_at } = saga;
  return {
    ...standingAt({ saga_seq: seq, at: updated_at, status } as JournalTable),
    step,
    attempts,
    error,
    wakeAtMs: wake_at,
    endedAtMs: ended_at,
  };
}

// Its text in the present form: those that bring it say no other.
function rowOf(line: JournalTable): JournalRow {
  const { saga_seq: sagaSeq, at: atMs, kind, cause, event, status } = line;
  const { from_state: from, to_state: to } = line;
  const row = { sagaSeq, atMs, kind, cause, event, from, to, status };
  if (line.format === STORED_FORMAT) return { ...row, data: line.data };
  const { inbound, note } = recordOfLine(lineOf(line));
  return { ...row, data: JSON.stringify(note === undefined ? { inbound } : { inbound, note }) };
}

/** By the saga's own seq: the letter that this turn opened, or closed. */
function lettersOf(
  letters: Whole['parts']['letters'],
  journal: readonly JournalTable[],
): ReadonlyMap<number, DeadLetterRow> {
  const found = new Map<number, DeadLetterRow>();
  for (const { kind, letter, opened_at: openedAt, resolved_at: resolvedAt } of letters) {
    const opened =
      journal.find(
        (line) => line.at === openedAt && line.status === kind && !found.has(line.saga_seq),
      ) ?? journal.at(-1);
    if (opened === undefined) continue;
    found.set(opened.saga_seq, { kind, letter });
    if (resolvedAt === null) continue;
    const closed = journal.find(
      (line) => line.at === resolvedAt && line.saga_seq > opened.saga_seq && line.status !== kind,
    );
    if (closed === undefined || found.has(closed.saga_seq)) continue;
    found.set(closed.saga_seq, { kind: closed.status, letter: null });
  }
  return found;
}

/** Parts that one call takes each. */
function partsOf(turns: readonly TurnRecord[]): TurnRecord[][] {
  const parts: TurnRecord[][] = [];
  let length = Infinity;
  for (const turn of turns) {
    const own = turn.journal.data.length + (turn.deadLetter?.letter?.length ?? 0);
    if (length + own > PART_LENGTH) {
      parts.push([]);
      length = 0;
    }
    parts.at(-1)?.push(turn);
    length += own;
  }
  return parts;
}
