/** The file of sagas that leave Restate. */
import { BackstepError } from '../../../core/errors.ts';
import { type ExportOptions, rootOf } from '../../../host/moves/export-sagas.ts';
import {
  type Destination,
  moveHeader,
  type MoveLine,
  writeMoveFile,
} from '../../../host/moves/move-file.ts';
import type { TurnRecord } from '../../../store/commit.ts';
import type { Door, WholeSaga } from './door.ts';
import { type HeldMessage, heldMessage, type LeavingSaga, rowsOf } from './leaving-saga.ts';
import { noteOf } from '../../moves/move-notes.ts';
import type { HeldCall } from '../../moves/move-words.ts';

const JOURNAL_LINES = 200;

/** Writes it: the sagas of a move, families together, those that wait in line in their order. */
export async function writeLeaving(
  door: Door,
  move: string,
  ids: readonly string[],
  { to, place, onProgress }: Pick<ExportOptions, 'to' | 'place' | 'onProgress'>,
  imported: readonly Destination[],
): Promise<void> {
  const families = await familiesOf(door, move, ids);
  const turns = families.reduce((sum, family) => sum + family.turns, 0);
  const firstSeq = Math.max(0, ...families.map(({ lastSeq }) => lastSeq));
  const header = moveHeader({
    move,
    place,
    from: door.name,
    atMs: Date.now(),
    // Receivers know messages by the seqs of databases that those sagas were in.
    lastSeq: firstSeq + turns,
    wasLeftClean: true, // attempts were told to stop, and their calls have ended
  });
  let seq = firstSeq;
  let sid = 0;
  const numbers = { nextSeq: () => ++seq, nextSid: () => ++sid };
  async function* lines(): AsyncGenerator<MoveLine, void> {
    for (const { members } of families) {
      onProgress?.({ phase: 'writing', done: sid, total: ids.length });
      const family: LeavingSaga[] = [];
      const messages: HeldMessage[] = [];
      for (const id of members) {
        const { held, ...saga } = await wholeOf(door, id, move);
        family.push(saga);
        messages.push(...messagesIn(id, members, held));
      }
      for (const { journal, ...line } of rowsOf(family, move, messages, numbers)) {
        yield line;
        for (let at = 0; at < journal.length; at += JOURNAL_LINES) {
          yield { journal: journal.slice(at, at + JOURNAL_LINES) };
        }
      }
    }
  }
  await writeMoveFile(to, header, lines(), imported);
}

interface Family {
  readonly members: readonly string[];
  readonly turns: number;
  readonly lastSeq: number;
  /** When its first saga took its last turn: those in line have taken none since they came. */
  readonly atMs: number;
}

async function familiesOf(
  door: Door,
  move: string,
  ids: readonly string[],
): Promise<readonly Family[]> {
  const byRoot = new Map<string, Family>();
  for (const id of ids) {
    const { facts } = await door.whole(id);
    const note = noteOf(facts, move);
    const { members, turns, lastSeq, atMs } = byRoot.get(rootOf(id)) ?? {
      members: [],
      turns: 0,
      lastSeq: 0,
      atMs: note?.before?.standing.updatedAtMs ?? facts.atMs,
    };
    byRoot.set(rootOf(id), {
      members: [...members, id],
      turns: turns + facts.seq,
      lastSeq: Math.max(lastSeq, note?.lastSeq ?? 0),
      atMs,
    });
  }
  return [...byRoot.values()].toSorted((one, other) => one.atMs - other.atMs);
}

async function wholeOf(
  door: Door,
  id: string,
  move: string,
): Promise<LeavingSaga & Pick<WholeSaga, 'held'>> {
  const kept = await door.whole(id);
  const { seq } = kept.facts;
  const last = noteOf(kept.facts, move)?.before?.standing.seq ?? seq;
  const bySeq = new Map<number, TurnRecord>();
  const own = await door.ingress.call(id, 'turns', { afterSeq: 0 });
  for (const turn of [...(await door.ingress.keptTurns(id, 0)), ...own.turns]) {
    if (turn.saga.seq <= last) bySeq.set(turn.saga.seq, turn);
  }
  const turns = Array.from({ length: last }, (_, at) => bySeq.get(at + 1));
  const whole = turns.filter((turn) => turn !== undefined);
  if (whole.length === last) return { id, ...kept, turns: whole };
  const missing = turns.findIndex((turn) => turn === undefined) + 1;
  const why = `turn ${missing} of its journal is not kept by Restate`;
  throw new BackstepError('conflict', `saga ${id}: ${why}; take the move back`);
}

function messagesIn(
  receiver: string,
  family: readonly string[],
  held: readonly HeldCall[],
): readonly HeldMessage[] {
  const found: HeldMessage[] = [];
  for (const call of held) {
    const message = heldMessage(receiver, call);
    if (message === null || !family.includes(message.of)) {
      const why = 'an event came to it from outside of its family while it was to leave';
      throw new BackstepError('unavailable', `saga ${receiver}: ${why}; order it again`);
    }
    const isKnown = found.some(
      ({ of, sagaSeq, index }) =>
        of === message.of && sagaSeq === message.sagaSeq && index === message.index,
    );
    if (!isKnown) found.push(message);
  }
  return found;
}
