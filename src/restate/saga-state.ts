/** What the object of a saga keeps with Restate, and how the commands of a call are sent. */
import { crc32 } from 'node:zlib';
import {
  InvocationIdParser,
  type ObjectContext,
  type ObjectSharedContext,
} from '@restatedev/restate-sdk';
import { z } from 'zod';
import { jsonWords } from './json-words.ts';
import { type KeptSaga, keptSaga, TOMB } from './kept-saga.ts';
import type { Send } from './sends.ts';
import type { TurnRecord } from '../store/commit.ts';
import { turnRecord } from './turn-record-words.ts';
import type { TurnWork } from './turn-work.ts';

/** The saga; see `KeptSaga`. */
export const SAGA = 's';
/** Ids of the calls that run its attempts: known only once those are sent. */
export const RUNS = 'runs';
/**
 * So many of its last turns are kept with it, without the text of the state: those whose lines are
 * lost when somebody kills the calls that bring them. Restate hands all of them to every call, so that
 * there are few.
 */
const TURNS_KEPT = 32;
const turnKey = (seq: number): string => `turn-${seq % TURNS_KEPT}`;
/** What is left of it after its removal. */
const REMOVED = 'tomb';

/** The saga of this object; `null`: there is none, or none any more. */
export function loadSaga(ctx: ObjectSharedContext | ObjectContext): Promise<KeptSaga | null> {
  return ctx.get<KeptSaga>(SAGA, keptSaga);
}

/** What is left of a saga that was removed; `null`: nothing, or it is still there. */
export async function loadTomb(
  ctx: ObjectSharedContext | ObjectContext,
): Promise<z.infer<typeof TOMB> | null> {
  const kept = await ctx.get<unknown>(REMOVED, jsonWords);
  return kept === null ? null : TOMB.parse(kept);
}

/** Removes the saga; `null`: its start had no key that must be kept. */
export function removeSaga(ctx: ObjectContext, tomb: z.infer<typeof TOMB> | null): void {
  ctx.clearAll();
  if (tomb !== null) ctx.set<unknown>(REMOVED, tomb, jsonWords);
}

const RUN_IDS = z.record(z.string(), z.string());

/** Sends everything that the turns come to, in the one order there is; gives what is kept now. */
export async function flush(ctx: ObjectContext, work: TurnWork): Promise<KeptSaga> {
  const { keep, turns, stops, live, sends } = work.commands();
  const attempts = sends.filter(({ attempt }) => attempt !== undefined).length;
  // Where all that is live begins now, no id of before is asked for, and none is kept.
  const isKept = stops.length > 0 || (attempts > 0 && live.size > attempts);
  const known = isKept ? await ctx.get<unknown>(RUNS, jsonWords) : null;
  const runs = RUN_IDS.parse(known ?? {});
  // The turns before the saga: whoever reads in between may find a newer one too many, and none
  // missing.
  for (const turn of turns) keepTurn(ctx, turn);
  ctx.set<KeptSaga>(SAGA, keep, keptSaga);
  for (const name of stops) {
    const id = runs[name];
    if (id !== undefined) ctx.cancel(InvocationIdParser.fromString(id));
  }
  const begun = sends.flatMap((each) => {
    const { invocationId } = send(ctx, each);
    return each.attempt === undefined ? [] : [{ name: each.attempt, invocationId }];
  });
  work.tellUnheard();
  if (begun.length === 0) return keep;
  const next = Object.fromEntries(Object.entries(runs).filter(([name]) => live.has(name)));
  // One after the other: the SDK cannot wait for two promises of its own at once.
  for (const { name, invocationId } of begun) next[name] = await invocationId;
  ctx.set<unknown>(RUNS, next, jsonWords);
  return keep;
}

function keepTurn(ctx: ObjectContext, { saga, ...turn }: TurnRecord): void {
  const kept = { ...turn, saga: { ...saga, state: '' } };
  ctx.set<unknown>(turnKey(saga.seq), kept, jsonWords);
}

/** Its last turns, in order, but those up to that one. */
export async function keptTurns(
  ctx: ObjectSharedContext,
  { facts }: KeptSaga,
  afterSeq: number,
): Promise<TurnRecord[]> {
  const turns: TurnRecord[] = [];
  for (let seq = Math.max(afterSeq, facts.seq - TURNS_KEPT) + 1; seq <= facts.seq; seq += 1) {
    const turn = await ctx.get<unknown>(turnKey(seq), jsonWords);
    if (turn !== null) turns.push(turnRecord.parse(turn));
  }
  return turns;
}

/**
 * Turns that are kept, with the state after the last one, which is the only one that is: whoever reads
 * a row in between sees the state of a few moments later.
 */
export function withLastText(turns: readonly TurnRecord[], state: string): TurnRecord[] {
  const checksum = crc32(state);
  return turns.map((turn) => ({ ...turn, saga: { ...turn.saga, state, checksum } }));
}

/** Sends one call that nobody waits for. */
export function send(ctx: ObjectContext, { service, key, handler, words, delayMs }: Send) {
  return ctx.genericSend<unknown>({
    service,
    method: handler,
    parameter: words,
    inputSerde: jsonWords,
    ...(key === undefined ? {} : { key }),
    ...(delayMs === undefined ? {} : { delay: delayMs }),
  });
}
