/**
 * A saga that leaves Restate, as the file of a move has it: the rows that the embedded host would have
 * of it. Pure.
 */
import { crc32 } from 'node:zlib';
import { STORED_FORMAT } from '../../../core/history/stored-format.ts';
import { MESSAGES_PER_TURN } from '../../../core/turn/messages-per-turn.ts';
import { asSentRow, asEndsRow } from '../../../host/outside/outbox-messages.ts';
import { outboxId } from '../../../store/outbox-id.ts';
import type { OutboxRow, TurnRecord } from '../../../store/commit.ts';
import type { SagaParts } from '../../../store/queries/moves.ts';
import type { JournalTable, OutboxTable, SagasTable } from '../../../store/schema.ts';
import type { KeptSaga } from '../../kept-saga.ts';
import { SAGA_WORDS } from '../../words.ts';
import { noteOf } from '../../moves/move-notes.ts';
import type { HeldCall } from '../../moves/move-words.ts';

/** All that is known of a saga that leaves. */
export interface LeavingSaga extends KeptSaga {
  readonly id: string;
  /** Its turns before it began to leave. */
  readonly turns: readonly TurnRecord[];
}

/** What a call says that a saga was not to take any more, and which saga sent it with which turn. */
export interface HeldMessage extends OutboxRow {
  readonly of: string;
  readonly sagaSeq: number;
}

/** The message that a held call brings; `null`: it is none of a saga's turn. */
export function heldMessage(receiver: string, { handler, words }: HeldCall): HeldMessage | null {
  if (handler !== 'message') {
    const { row } = SAGA_WORDS[handler === 'end' ? 'end' : 'goesOn'].parse(words);
    if (row === undefined) return null;
    const { of, seq, data } = row;
    return { of, sagaSeq: seq, index: MESSAGES_PER_TURN - 1, ...asEndsRow(data) };
  }
  const { inbound } = SAGA_WORDS.message.parse(words);
  const [, of, seq, index] = /^message-(.+)-(\d+)-(\d+)$/.exec(inbound.id ?? '') ?? [];
  if (of === undefined) return null;
  // As it was sent: what was parsed may have its members in another order.
  const { event } = (words as { inbound: typeof inbound }).inbound;
  const shows =
    inbound.kind === 'told' ? { activity: inbound.activity, token: inbound.token } : undefined;
  const row = asSentRow({ to: receiver, event, ...(shows === undefined ? {} : { shows }) });
  return { of, sagaSeq: Number(seq), index: Number(index), ...row };
}

/** Internal ids and seqs of a file: they are given anew where it is imported. */
export interface FileNumbers {
  nextSid(): number;
  nextSeq(): number;
}

/** A saga with its rows. */
export interface SagaInFile {
  readonly saga: SagasTable;
  readonly parts: SagaParts;
  readonly journal: readonly JournalTable[];
}

/** The rows of a family, in the order of its turns. */
export function rowsOf(
  family: readonly LeavingSaga[],
  move: string,
  messages: readonly HeldMessage[],
  numbers: FileNumbers,
): readonly SagaInFile[] {
  const sids = family.map(() => numbers.nextSid());
  const lines = family
    .flatMap(({ turns }, at) => turns.map(({ journal }) => ({ journal, sid: sids[at] ?? 0 })))
    .toSorted((one, other) => one.journal.atMs - other.journal.atMs)
    .map(({ journal, sid }): JournalTable => {
      const { sagaSeq, atMs: at, from, to, ...same } = journal;
      const row = { ...same, saga_seq: sagaSeq, at, from_state: from, to_state: to };
      return { ...row, seq: numbers.nextSeq(), sid, format: STORED_FORMAT };
    });
  return family.map((each, at) => {
    const sid = sids[at] ?? 0;
    const journal = lines.filter((line) => line.sid === sid);
    const own = messages.filter(({ of }) => of === each.id);
    return { saga: sagaOf(each, move, sid), parts: partsOf(each, move, journal, own), journal };
  });
}

function sagaOf({ id, facts, text, turns }: LeavingSaga, move: string, sid: number): SagasTable {
  const { type, version, definitionHash, key, format } = facts;
  // One that had ended stands as it is.
  const standing = noteOf(facts, move)?.before?.standing ?? lastOf(id, turns).saga;
  return {
    sid,
    id,
    type,
    version,
    definition_hash: definitionHash,
    key,
    status: standing.status,
    seq: standing.seq,
    wake_at: standing.wakeAtMs,
    state: text,
    checksum: crc32(text),
    step: standing.step,
    attempts: standing.attempts,
    error: standing.error,
    created_at: turns[0]?.birth?.createdAtMs ?? turns[0]?.journal.atMs ?? 0,
    updated_at: standing.updatedAtMs,
    ended_at: standing.endedAtMs,
    format,
  };
}

function lastOf(id: string, turns: readonly TurnRecord[]): TurnRecord {
  const last = turns.at(-1);
  if (last === undefined) throw new Error(`saga ${id} has no turns`);
  return last;
}

function partsOf(
  { id, facts, turns }: LeavingSaga,
  move: string,
  journal: readonly JournalTable[],
  own: readonly HeldMessage[],
): SagaParts {
  const { type, key, inputHash } = facts;
  const sid = journal[0]?.sid ?? 0;
  const pending = noteOf(facts, move)?.before?.pendingStart ?? null;
  return {
    startKey:
      key === null ? null : { type, key, input_hash: inputHash, saga_id: id, final_status: null },
    pendingStart:
      pending?.kind === 'enter'
        ? {
            sid,
            type,
            start_at: pending.startAtMs,
            // In line for a place since its last turn.
            position: pending.startAtMs === null ? (journal.at(-1)?.seq ?? 0) : null,
          }
        : null,
    letters: lettersOf(turns, sid),
    audit: turns.flatMap(({ audit, journal: { sagaSeq, atMs } }) =>
      audit === null ? [] : [{ id: 0, sid, saga_seq: sagaSeq, at: atMs, ...audit }],
    ),
    messages: own.flatMap(({ sagaSeq, index, event, data }): OutboxTable[] => {
      const line = journal.find(({ saga_seq }) => saga_seq === sagaSeq);
      if (line === undefined) return [];
      const place = { sid, saga_seq: sagaSeq, position: index, known_as: null };
      return [{ id: outboxId(line.seq, index), ...place, event, data }];
    }),
  };
}

function lettersOf(turns: readonly TurnRecord[], sid: number): SagaParts['letters'] {
  const letters: SagaParts['letters'][number][] = [];
  for (const { deadLetter, saga } of turns) {
    if (deadLetter === null) continue;
    const { kind, letter } = deadLetter;
    const open = letters.at(-1);
    if (open?.resolved_at === null) open.resolved_at = saga.updatedAtMs;
    if (letter === null) continue;
    letters.push({ id: 0, sid, kind, letter, opened_at: saga.updatedAtMs, resolved_at: null });
  }
  return letters;
}
