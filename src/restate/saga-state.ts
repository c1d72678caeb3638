/** What the object of a saga keeps with Restate, and how the commands of a call are sent. */
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
/** When it began, by the clock of whoever started it. */
export const BORN = 'born';
/** Before the number of each turn that it took: what the turn left, without the text of the state. */
export const TURN = 'turn-';
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
  const hasAttempts = sends.some(({ attempt }) => attempt !== undefined);
  const known = stops.length > 0 || hasAttempts ? await ctx.get<unknown>(RUNS, jsonWords) : null;
  const runs = RUN_IDS.parse(known ?? {});
  // The turns before the saga: whoever reads it in between finds all that it counts.
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
  if (begun.length === 0) return keep;
  const next = Object.fromEntries(Object.entries(runs).filter(([name]) => live.has(name)));
  // One after the other: the SDK cannot wait for two promises of its own at once.
  for (const { name, invocationId } of begun) next[name] = await invocationId;
  ctx.set<unknown>(RUNS, next, jsonWords);
  return keep;
}

function keepTurn(ctx: ObjectContext, { saga, ...turn }: TurnRecord): void {
  const kept = { ...turn, saga: { ...saga, state: '' } };
  ctx.set<unknown>(`${TURN}${saga.seq}`, kept, jsonWords);
  if (turn.birth !== null) ctx.set<unknown>(BORN, turn.birth.createdAtMs, jsonWords);
}

/**
 * The turns of the saga from the one after that on, so that a database which lacks them can be
 * written again. The calls that bring them there may be killed, and the database lost.
 */
export async function keptTurns(
  ctx: ObjectSharedContext,
  { facts }: KeptSaga,
  afterSeq: number,
): Promise<TurnRecord[]> {
  const turns: TurnRecord[] = [];
  for (let seq = afterSeq + 1; seq <= facts.seq; seq += 1) {
    const turn = await ctx.get<unknown>(`${TURN}${seq}`, jsonWords);
    if (turn !== null) turns.push(turnRecord.parse(turn));
  }
  return turns;
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
