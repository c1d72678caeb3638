/**
 * How a saga leaves for another host, has left, or goes on here after all: each by a turn that takes no
 * machine, as where the embedded host gives one away.
 */
import type { ObjectContext } from '@restatedev/restate-sdk';
import { crc32 } from 'node:zlib';
import { parseStored, type StoredState } from '../../core/history/codec.ts';
import { BackstepError } from '../../core/errors.ts';
import { isOver } from '../../core/state.ts';
import { type Move, moveFailure } from '../../core/turn/kept-text/moved.ts';
import { movedRecord } from '../../host/turn/projection.ts';
import type { PendingStartRow } from '../../store/commit.ts';
import type { KeptSaga } from '../kept-saga.ts';
import {
  flush,
  holdCalls,
  keepSaga,
  keptTurns,
  loadSaga,
  send,
  stopAttempts,
} from '../saga-state.ts';
import { toSaga } from '../send.ts';
import type { WorkPlace } from '../sends.ts';
import { TurnWork } from '../turn-work.ts';
import { type Answer, refusedAs } from '../words.ts';
import { goesOn } from './going-on.ts';
import {
  type BeforeLeaving,
  type MoveNote,
  noteOf,
  standingStill,
  transitOf,
  wayOut,
  withNote,
} from './move-notes.ts';
import { CLOSE, LEAVE, type Left } from './move-words.ts';

/** The handlers of a saga that leaves. */
export function leavingHandlers(place: WorkPlace) {
  return {
    leave: async (ctx: ObjectContext, given: unknown): Promise<Answer<Left>> => {
      const { move, isTrial, place: to, atMs, ...author } = LEAVE.parse(given);
      const kept = await loadSaga(ctx);
      if (kept === null) return refused('not-found', `no saga with id "${ctx.key}"`);
      const note = noteOf(kept.facts, move);
      if (note?.phase === 'leaving' || note?.phase === 'gone') {
        return { done: { hasEnded: note.before === undefined } };
      }
      const other = transitOf(kept.facts) ?? wayOut(kept.facts);
      if (other !== null) return refused('conflict', `it is moved already, by move ${other.move}`);
      const leaving = {
        move,
        phase: 'leaving',
        place: to,
        lastSeq: Math.max(0, ...(kept.facts.moves ?? []).map(({ lastSeq }) => lastSeq)),
      } as const;
      if (hasEnded(ctx.key, kept)) {
        if (!isTrial) keepSaga(ctx, noted(kept, leaving));
        return { done: { hasEnded: true } };
      }
      const before = await standingBefore(ctx, kept);
      if (before === null) {
        return refused('conflict', 'its last turn is not kept; let it take another one first');
      }
      if (isTrial) return { done: { hasEnded: false } };
      const inbound = { kind: 'move', phase: 'leave', move, place: to, ...author } as const;
      await stopAttempts(ctx);
      await leaves(ctx, place, kept, { ...leaving, before }, inbound, atMs);
      return { done: { hasEnded: false } };
    },
    close: async (ctx: ObjectContext, given: unknown): Promise<Answer<{ isClosed: boolean }>> => {
      const { move, phase, atMs, ...author } = CLOSE.parse(given);
      const kept = await loadSaga(ctx);
      const note = kept === null ? null : noteOf(kept.facts, move);
      if (kept === null || note?.phase !== 'leaving') return { done: { isClosed: false } };
      const inbound = { kind: 'move', phase, move, place: note.place, ...author } as const;
      await (phase === 'gone' ? haveGone : goBack)(ctx, place, { kept, note, inbound, atMs });
      return { done: { isClosed: true } };
    },
  };
}

interface Closing {
  readonly kept: KeptSaga;
  readonly note: MoveNote;
  readonly inbound: Move;
  readonly atMs: number;
}

async function leaves(
  ctx: ObjectContext,
  place: WorkPlace,
  kept: KeptSaga,
  note: MoveNote & { readonly before: BeforeLeaving },
  inbound: Move,
  atMs: number,
): Promise<void> {
  const { standing, path, pendingStart } = note.before;
  const from = {
    seq: kept.facts.seq,
    path,
    pendingStart: pendingStart === null ? null : ({ kind: 'leave' } as const),
  };
  const nowMs = Math.max(kept.facts.atMs, atMs);
  const record = movedRecord({ ...standing, ...textOf(kept) }, from, inbound, nowMs);
  const { seq, status } = record.saga;
  const stands = { seq, status, atMs: nowMs, wakeMs: null, parkFailure: standingStill(note) };
  const after = noted({ facts: { ...kept.facts, ...stands }, text: kept.text }, note);
  await flush(ctx, TurnWork.moved(place, ctx.key, after, record));
}

async function haveGone(
  ctx: ObjectContext,
  place: WorkPlace,
  { kept, note: { before, ...note }, inbound, atMs }: Closing,
): Promise<void> {
  holdCalls(ctx, []);
  const gone = { ...note, phase: 'gone' } as const;
  const nowMs = Math.max(kept.facts.atMs, atMs);
  if (before === undefined) {
    keepSaga(ctx, noted(kept, gone));
  } else {
    const standing = { ...before.standing, ...textOf(kept) };
    const from = { seq: kept.facts.seq, path: before.path };
    const record = movedRecord(standing, from, inbound, nowMs);
    const { seq, status } = record.saga;
    const stands = { seq, status, atMs: nowMs, parkFailure: moveFailure(inbound) };
    const after = noted({ facts: { ...kept.facts, ...stands }, text: kept.text }, gone);
    await flush(ctx, TurnWork.moved(place, ctx.key, after, record));
  }
  forgetLater(ctx, place);
}

function forgetLater(ctx: ObjectContext, { keepEndedMs }: WorkPlace): void {
  if (keepEndedMs !== null) send(ctx, toSaga(ctx.key, 'forget', {}, keepEndedMs));
}

async function goBack(
  ctx: ObjectContext,
  place: WorkPlace,
  { kept, note: { before, move }, inbound, atMs }: Closing,
): Promise<void> {
  const { moves: all = [], ...others } = kept.facts;
  const left = all.filter((each) => each.move !== move);
  const known = left.length === 0 ? others : { ...others, moves: left };
  if (before === undefined) {
    keepSaga(ctx, { facts: known, text: kept.text });
    return forgetLater(ctx, place);
  }
  const nowMs = Math.max(kept.facts.atMs, atMs);
  const { standing, path, pendingStart, parkFailure } = before;
  const from = { seq: kept.facts.seq, path, pendingStart };
  const lead = movedRecord({ ...standing, ...textOf(kept) }, from, inbound, nowMs);
  const { seq, status } = lead.saga;
  const facts = { ...known, seq, status, parkFailure, atMs: nowMs };
  const loaded = { kept: { facts, text: kept.text }, atMs: nowMs };
  await goesOn(ctx, place, loaded, { wasClean: true, lead });
}

/** `null`: its last turn is not kept. */
async function standingBefore(ctx: ObjectContext, kept: KeptSaga): Promise<BeforeLeaving | null> {
  const { seq, parkFailure } = kept.facts;
  const [last] = await keptTurns(ctx, kept, seq - 1);
  if (last === undefined) return null;
  const { saga, journal } = last;
  const pendingStart = pendingIn(ctx.key, kept);
  return { standing: { ...saga, state: '' }, path: journal.to, pendingStart, parkFailure };
}

// How it waits to begin, by its text alone: the version that it waits for may be missing here.
function pendingIn(id: string, { facts, text }: KeptSaga): PendingStartRow | null {
  if (facts.parkFailure !== null) return null; // it was parked as it is
  const parts = partsIn(id, { facts, text });
  if (parts?.isUnstarted !== true || parts.machine.status !== 'active') return null;
  const { machine } = parts;
  const { hold } = machine.context as { hold: { startAtMs: number | null } };
  if (machine.value !== 'queued') return { kind: 'enter', startAtMs: hold.startAtMs };
  return facts.status === 'waiting' ? { kind: 'enter', startAtMs: null } : null;
}

function hasEnded(id: string, { facts, text }: KeptSaga): boolean {
  if (facts.parkFailure !== null) return false;
  const { resolution = null } = partsIn(id, { facts, text }) ?? {};
  return isOver({ status: facts.status, resolution });
}

/** `null`: its text cannot be read. */
function partsIn(id: string, { facts, text }: KeptSaga): StoredState | null {
  try {
    return parseStored(id, text, facts.format);
  } catch (error) {
    if (error instanceof BackstepError) return null;
    throw error;
  }
}

function textOf({ text }: KeptSaga) {
  return { state: text, checksum: crc32(text) };
}

function noted({ facts, text }: KeptSaga, note: MoveNote): KeptSaga {
  return { facts: { ...facts, moves: withNote(facts, note) }, text };
}

function refused(code: 'not-found' | 'conflict', message: string): Answer<never> {
  return refusedAs(new BackstepError(code, message));
}
