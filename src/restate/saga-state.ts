/** What the object of a saga keeps with Restate, and how the commands of a call are sent. */
import { crc32 } from 'node:zlib';
import {
  InvocationIdParser,
  type ObjectContext,
  type ObjectSharedContext,
} from '@restatedev/restate-sdk';
import { z } from 'zod';
import type { AttemptForm } from './attempts/inline-attempts.ts';
import { jsonWords } from './json-words.ts';
import { FORWARD, type KeptSaga, keptSaga, type KnownKey, SAGA, TOMB } from './kept-saga.ts';
import { HELD, type HeldCall } from './moves/move-words.ts';
import type { Send } from './send.ts';
import type { TurnRecord } from '../store/commit.ts';
import { turnRecord } from './turn-record-words.ts';
import type { TurnWork } from './turn-work.ts';
import type { AttemptWords } from './words.ts';

/** Ids of the calls that run its attempts: known only once those are sent. */
export const RUNS = 'runs';
/**
 * So many of its last turns are kept with it, without the text of the state: those whose lines are
 * lost when somebody kills the calls that bring them. Restate hands all of them to every call, so that
 * there are few.
 */
const TURNS_KEPT = 32;
const turnKey = (seq: number): string => `turn-${seq % TURNS_KEPT}`;
/** What is left of it after its removal, or which saga its key names. */
const REMOVED = 'tomb';
/** Calls that came while it is moved, for when it goes on. */
const HELD_CALLS = 'held';

/** The saga of this object; `null`: there is none, or none any more. */
export function loadSaga(ctx: ObjectSharedContext | ObjectContext): Promise<KeptSaga | null> {
  return ctx.get<KeptSaga>(SAGA, keptSaga);
}

/** What is left of a saga that was removed; `null`: nothing, or it is still there. */
export async function loadTomb(
  ctx: ObjectSharedContext | ObjectContext,
): Promise<z.infer<typeof TOMB> | null> {
  const known = await loadKey(ctx);
  return known === null || 'saga' in known ? null : known;
}

/** What is known of the start key that names this object; `null`: nothing. */
export async function loadKey(ctx: ObjectSharedContext | ObjectContext): Promise<KnownKey | null> {
  const kept = await ctx.get<unknown>(REMOVED, jsonWords);
  return kept === null ? null : z.union([TOMB, FORWARD]).parse(kept);
}

/** Says which saga its key names. */
export function forwardKey(ctx: ObjectContext, forward: z.infer<typeof FORWARD>): void {
  ctx.set<unknown>(REMOVED, forward, jsonWords);
}

/** Removes the saga; `null`: its start had no key that must be kept. */
export function removeSaga(ctx: ObjectContext, tomb: z.infer<typeof TOMB> | null): void {
  ctx.clearAll();
  if (tomb !== null) ctx.set<unknown>(REMOVED, tomb, jsonWords);
}

/** Calls that it was not to take while it is moved. */
export async function heldCalls(
  ctx: ObjectSharedContext | ObjectContext,
): Promise<readonly HeldCall[]> {
  return HELD.parse((await ctx.get<unknown>(HELD_CALLS, jsonWords)) ?? []);
}

/** Keeps those calls; none: forgets them. */
export function holdCalls(ctx: ObjectContext, held: readonly HeldCall[]): void {
  if (held.length === 0) ctx.clear(HELD_CALLS);
  else ctx.set<unknown>(HELD_CALLS, held, jsonWords);
}

const RUN_IDS = z.record(z.string(), z.string());

/** Stops every attempt of it that has a call. */
export async function stopAttempts(ctx: ObjectContext): Promise<void> {
  const runs = RUN_IDS.parse((await ctx.get<unknown>(RUNS, jsonWords)) ?? {});
  for (const id of Object.values(runs)) ctx.cancel(InvocationIdParser.fromString(id));
  ctx.clear(RUNS);
}

/** Where a saga stands once a call has sent what its turns come to. */
export interface Flushed {
  readonly kept: KeptSaga;
  /** The attempt that the call makes itself. */
  readonly here: AttemptWords | null;
  /** Lines that are not sent yet: with those of the turn after that attempt. */
  readonly held: readonly TurnRecord[];
}

/**
 * Sends everything that the turns come to, in the one order there is. `form`: how an attempt is made
 * that may be an inline one; by default by another call, since somebody waits for this one. `before`: lines
 * that were held.
 */
export async function flush(
  ctx: ObjectContext,
  work: TurnWork,
  form: AttemptForm = 'handed',
  before: readonly TurnRecord[] = [],
): Promise<Flushed> {
  const { keep: kept, turns, stops, live, sends, here, held } = work.commands(form, before);
  const attempts = sends.filter(({ attempt }) => attempt !== undefined).length;
  // Where all that is live begins now, no id of before is asked for, and none is kept.
  const isKept = stops.length > 0 || (attempts > 0 && live.size > attempts);
  const known = isKept ? await ctx.get<unknown>(RUNS, jsonWords) : null;
  const runs = RUN_IDS.parse(known ?? {});
  // The turns before the saga: whoever reads in between may find a newer one too many, and none
  // missing.
  for (const turn of turns) keepTurn(ctx, turn);
  keepSaga(ctx, kept);
  for (const name of stops) {
    const id = runs[name];
    if (id !== undefined) ctx.cancel(InvocationIdParser.fromString(id));
  }
  const begun = sends.flatMap((each) => {
    const { invocationId } = send(ctx, each);
    return each.attempt === undefined ? [] : [{ name: each.attempt, invocationId }];
  });
  work.tellUnheard();
  if (begun.length === 0) return { kept, here, held };
  const next = Object.fromEntries(Object.entries(runs).filter(([name]) => live.has(name)));
  // One after the other: the SDK cannot wait for two promises of its own at once.
  for (const { name, invocationId } of begun) next[name] = await invocationId;
  ctx.set<unknown>(RUNS, next, jsonWords);
  return { kept, here, held };
}

/** Keeps the saga; see `flush` for one that takes turns. */
export function keepSaga(ctx: ObjectContext, kept: KeptSaga): void {
  ctx.set<KeptSaga>(SAGA, kept, keptSaga);
}

/** Keeps a turn among the last ones, without its text. */
export function keepTurn(ctx: ObjectContext, { saga, ...turn }: TurnRecord): void {
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
