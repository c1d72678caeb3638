/**
 * What the object of a saga does while it is moved between hosts: it comes and stands still until all
 * of its family is here, or stands still until it has left.
 *
 * Crash points: each handler finds one that was done before done, so that whoever moves sagas may ask
 * for everything again. Invariant: while it is on its way the saga takes no turn of its machine here.
 */
import type { ObjectContext, ObjectSharedContext } from '@restatedev/restate-sdk';
import { BackstepError } from '../../core/errors.ts';
import type { TurnRecord } from '../../store/commit.ts';
import { standingOf } from '../../host/versions/version-standing.ts';
import type { KeptFacts, KeptSaga } from '../kept-saga.ts';
import { SERVICES } from '../names.ts';
import {
  forwardKey,
  heldCalls,
  keepSaga,
  keepTurn,
  loadKey,
  loadSaga,
  send,
} from '../saga-state.ts';
import type { WorkPlace } from '../sends.ts';
import { type Answer, type JournalArrival, refusedAs } from '../words.ts';
import { goesOn, messageSends } from './going-on.ts';
import { leavingHandlers } from './leaving-handlers.ts';
import { noteOf, standingStill, withNote, wayOut } from './move-notes.ts';
import { ARRIVE, ARRIVE_MORE, type ArriveWords, CLAIM, type Come, GO_ON } from './move-words.ts';

/** Gives it to whoever moves it; `null`: there is none. */
export async function whole(ctx: ObjectSharedContext): Promise<object | null> {
  const kept = await loadSaga(ctx);
  return kept === null ? null : { ...kept, held: await heldCalls(ctx) };
}

/** Where one goes that comes, for whoever asks for it meanwhile. */
const HERE = 'this Restate';

/** The handlers that only whoever moves the saga calls. */
export function movingHandlers(place: WorkPlace) {
  return { ...comingHandlers(place), ...leavingHandlers(place) };
}

function comingHandlers(place: WorkPlace) {
  return {
    claim: async (ctx: ObjectContext, given: unknown): Promise<Answer<null>> => {
      const { saga, type, key, inputHash, isTrial } = CLAIM.parse(given);
      const kept = await loadSaga(ctx);
      const known = kept === null ? await loadKey(ctx) : null;
      const isOwn = known !== null && 'saga' in known && known.saga === saga;
      if ((kept !== null || known !== null) && !isOwn) {
        const taken = known !== null && 'saga' in known ? known.saga : ctx.key;
        return conflict(`its start key "${key}" of type "${type}" started saga ${taken} here`);
      }
      if (!isTrial && !isOwn) forwardKey(ctx, { inputHash, saga });
      return { done: null };
    },
    arrive: async (ctx: ObjectContext, given: unknown): Promise<Answer<Come>> => {
      const words = ARRIVE.parse(given);
      const { move, seq, isTrial } = words;
      const kept = await loadSaga(ctx);
      const note = kept === null ? null : noteOf(kept.facts, move);
      if (note?.phase === 'leaving' || note?.phase === 'gone') {
        return conflict('by this very move it leaves from here, or it came back here since');
      }
      if (note?.phase === 'arriving') {
        return { done: { standing: 'arriving', upTo: note.upTo ?? 0 } };
      }
      if (note !== null) return { done: { standing: 'here', upTo: seq } };
      const refused = await whyNoRoom(ctx, place, kept, words);
      if (refused !== null) return refused;
      if (isTrial) return { done: { standing: 'room', upTo: 0 } };
      const upTo = words.turns.at(-1)?.saga.seq ?? 0;
      ctx.clearAll(); // what is left of it, where it had left from here before
      keepArriving(ctx, arrivingOf(words, kept, upTo), words.turns, true);
      return { done: { standing: 'arriving', upTo } };
    },
    arriveMore: async (ctx: ObjectContext, given: unknown): Promise<Answer<Come>> => {
      const { move, turns } = ARRIVE_MORE.parse(given);
      const kept = await loadSaga(ctx);
      const note = kept === null ? null : noteOf(kept.facts, move);
      if (kept === null || note?.phase !== 'arriving') return conflict('it does not arrive here');
      const { upTo = 0 } = note;
      if (turns[0]?.saga.seq !== upTo + 1) return { done: { standing: 'arriving', upTo } };
      const last = turns.at(-1)?.saga.seq ?? upTo;
      const moves = withNote(kept.facts, { ...note, upTo: last });
      keepArriving(ctx, { facts: { ...kept.facts, moves }, text: kept.text }, turns, false);
      return { done: { standing: 'arriving', upTo: last } };
    },
    goOn: async (ctx: ObjectContext, given: unknown): Promise<Answer<Come>> => {
      const { move, wasClean, messages, atMs } = GO_ON.parse(given);
      const kept = await loadSaga(ctx);
      const note = kept === null ? null : noteOf(kept.facts, move);
      if (kept === null || note === null) return conflict('it has not come here');
      const { seq, type } = kept.facts;
      if (note.phase !== 'arriving') return { done: { standing: 'here', upTo: seq } };
      const { stands, upTo = 0, ...rest } = note;
      if (stands === undefined || upTo !== seq) return conflict('not all of its journal has come');
      const moves = withNote(kept.facts, { ...rest, phase: 'here' });
      const facts = { ...kept.facts, ...stands, moves };
      const saga = { id: ctx.key, type, text: kept.text };
      for (const each of messageSends(saga, messages, atMs)) send(ctx, each);
      await goesOn(ctx, place, { kept: { facts, text: kept.text }, atMs }, { wasClean });
      return { done: { standing: 'here', upTo: seq } };
    },
  };
}

async function whyNoRoom(
  ctx: ObjectContext,
  { registry, stateLength }: WorkPlace,
  kept: KeptSaga | null,
  words: ArriveWords,
): Promise<Answer<never> | null> {
  if (kept !== null && wayOut(kept.facts) === null) {
    return conflict('it is here already, and did not come by this file');
  }
  const known = kept === null ? await loadKey(ctx) : null;
  if (known !== null && (!('endedAs' in known) || known.way === undefined)) {
    return conflict('it was here, ended, and was removed');
  }
  const { hasEnded, text: state, parkFailure, atMs } = words;
  if (hasEnded) return null; // nothing of it runs
  if (state.length > stateLength) {
    const message = `its state has ${state.length} characters, and workers take ${stateLength}`;
    return refusedAs(new BackstepError('too-large', message));
  }
  try {
    const standing = standingOf(registry, { id: ctx.key, ...words, state }, atMs, parkFailure);
    return standing.kind === 'refused' ? refusedAs(standing.error) : null;
  } catch (error) {
    return refusedAs(error);
  }
}

/** The saga as it stands until it goes on. */
function arrivingOf(words: ArriveWords, before: KeptSaga | null, upTo: number): KeptSaga {
  const { type, version, definitionHash, format, status, seq, key, inputHash, atMs } = words;
  const { move, place, lastSeq, hasEnded, parkFailure, text } = words;
  const stands = { status, parkFailure };
  const note = { move, place, lastSeq, upTo, stands, phase: 'arriving' } as const;
  const facts: KeptFacts = {
    type,
    version,
    definitionHash,
    format,
    seq,
    key,
    inputHash,
    atMs,
    ...(hasEnded
      ? stands
      : { status: 'parked', parkFailure: standingStill({ move, place: HERE }) }),
    wakeMs: null,
    watch: null,
    gate: 'none',
    moves: withNote(before?.facts ?? {}, note),
  };
  return { facts, text };
}

function keepArriving(
  ctx: ObjectContext,
  kept: KeptSaga,
  turns: readonly TurnRecord[],
  isFirst: boolean,
): void {
  for (const turn of turns) keepTurn(ctx, turn);
  const { type } = kept.facts;
  const words: JournalArrival = { type, turns: [...turns], text: kept.text, isFirst };
  send(ctx, { service: SERVICES.journal, key: ctx.key, handler: 'arrive', words });
  keepSaga(ctx, kept);
}

function conflict(message: string): Answer<never> {
  return refusedAs(new BackstepError('conflict', message));
}
