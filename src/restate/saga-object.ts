/**
 * A saga as an object of Restate: every handler opens it, takes turns, and sends what follows.
 *
 * Refusals are answers; a handler throws only for what a later try may mend. What nobody waits for
 * ends in a turn, in a refusal by the saga's own rules, or in a saga that is parked: it is never
 * dropped, because nothing would bring it again.
 */
import {
  handlers,
  object,
  type ObjectContext,
  type ObjectSharedContext,
} from '@restatedev/restate-sdk';
import { BackstepError } from '../core/errors.ts';
import { parseStored } from '../core/history/codec.ts';
import { isStill, isOver } from '../core/state.ts';
import type { Inbound } from '../core/turn/inbound.ts';
import { checked } from '../host/event-check.ts';
import type { Refusal } from '../host/refusal.ts';
import { dueTimers, interruptions } from '../host/turn/wake-ups.ts';
import { VERSION_IS_BACK } from '../host/versions/version-is-back.ts';
import { startedAgain } from './attempts/inline-attempts.ts';
import { alone, type Loaded } from './handlers/alone.ts';
import { CALL_OPTIONS } from './call-options.ts';
import { familyHandlers } from './handlers/family-handlers.ts';
import { jsonWords } from './json-words.ts';
import { wordsOf } from './kept-saga.ts';
import { transitOf, wayOut } from './moves/move-notes.ts';
import { movingHandlers, whole } from './moves/moving-handlers.ts';
import { INLINE_METADATA, RUNS_METADATA, runsText } from './runs-metadata.ts';
import { PUBLIC_HANDLERS, SERVICES } from './names.ts';
import {
  flush,
  keptTurns,
  loadSaga,
  loadTomb,
  removeSaga,
  send,
  withLastText,
} from './saga-state.ts';
import { nameOfAttempt, toGate, toJournal } from './send.ts';
import type { WorkPlace } from './sends.ts';
import { startHandler } from './handlers/start-handler.ts';
import { TurnWork } from './turn-work.ts';
import {
  type Answer,
  type Message,
  refusedAs,
  SAGA_WORDS,
  type SagaAnswers,
  type StoredWords,
} from './words.ts';

type Handler = (ctx: ObjectContext, given: unknown) => Promise<unknown>;

/** The object of sagas. */
export function sagaObject(place: WorkPlace) {
  const exclusive: Readonly<Record<string, Handler>> = {
    start: startHandler(place),
    ...askedHandlers(place),
    ...toldHandlers(place),
    ...familyHandlers(place),
    ...upkeepHandlers(place),
    ...movingHandlers(place),
  };
  const isPublic = (name: string): boolean => PUBLIC_HANDLERS.some((each) => each === name);
  const built = Object.entries(exclusive).map(([name, run]) => {
    const options = { input: jsonWords, output: jsonWords, ingressPrivate: !isPublic(name) };
    return [name, handlers.object.exclusive(options, run)] as const;
  });
  const looks = { input: jsonWords, output: jsonWords };
  const get = handlers.object.shared(looks, found);
  const turns = handlers.object.shared(looks, turnsOf);
  return object({
    name: SERVICES.saga,
    metadata: {
      [RUNS_METADATA]: runsText(place.registry.runnable()),
      [INLINE_METADATA]: String(place.inline?.upToMs ?? 'none'),
    },
    handlers: {
      ...Object.fromEntries(built),
      get,
      turns,
      whole: handlers.object.shared({ ...looks, ingressPrivate: true }, whole),
    },
    options: CALL_OPTIONS,
  });
}

async function found(ctx: ObjectSharedContext): Promise<SagaAnswers['get']> {
  const kept = await loadSaga(ctx);
  if (kept !== null) return { kind: 'saga', saga: wordsOf(kept) };
  const tomb = await loadTomb(ctx);
  return tomb === null ? { kind: 'none' } : { kind: 'removed', endedAs: tomb.endedAs };
}

async function turnsOf(ctx: ObjectSharedContext, given: unknown): Promise<SagaAnswers['turns']> {
  const { afterSeq } = SAGA_WORDS.turns.parse(given);
  const kept = await loadSaga(ctx);
  if (kept === null) return { saga: null, turns: [] };
  return { saga: wordsOf(kept), turns: await keptTurns(ctx, kept, afterSeq) };
}

function askedHandlers(place: WorkPlace) {
  const asked = async (
    ctx: ObjectContext,
    atMs: number,
    expectedVersion: number | null,
    read: (work: TurnWork) => Promise<Asked> | Asked,
  ): Promise<Answer<StoredWords>> => {
    const kept = await loadSaga(ctx);
    if (kept === null) {
      return refusedAs(new BackstepError('not-found', `no saga with id "${ctx.key}"`));
    }
    let work: TurnWork;
    try {
      work = TurnWork.open(place, ctx.key, kept, atMs);
    } catch (error) {
      return refusedAs(error);
    }
    const given = await read(work);
    if ('refused' in given) return given;
    try {
      work.take(given, expectedVersion);
    } catch (error) {
      return refusedAs(error);
    }
    return { done: wordsOf((await flush(ctx, work)).kept) };
  };
  return {
    event: (ctx: ObjectContext, given: unknown): Promise<SagaAnswers['event']> => {
      const { inbound, expectedVersion, atMs } = SAGA_WORDS.event.parse(given);
      return asked(ctx, atMs, expectedVersion, (work) => readEvent(ctx, work, inbound));
    },
    command: (ctx: ObjectContext, given: unknown): Promise<SagaAnswers['command']> => {
      const { command, expectedVersion, atMs } = SAGA_WORDS.command.parse(given);
      return asked(ctx, atMs, expectedVersion, () => ({ kind: 'command', command }));
    },
  };
}

type Received = Exclude<Inbound, { kind: 'start' }>;
/** What was read of it, or why its schema refuses it. */
type Asked = Received | { readonly refused: Refusal };

// Schemas are user code and may answer otherwise at a replay, so that Restate records the answer.
async function readEvent(ctx: ObjectContext, work: TurnWork, inbound: Received): Promise<Asked> {
  if (inbound.kind !== 'event') return inbound;
  const schema = work.definition.events.get(inbound.event.type);
  if (schema === undefined) return inbound;
  return ctx.run('event', async (): Promise<Asked> => {
    try {
      return await checked(schema, ctx.key, inbound);
    } catch (error) {
      return refusedAs(error);
    }
  });
}

function toldHandlers(place: WorkPlace) {
  const { registry } = place;
  return {
    report: async (ctx: ObjectContext, given: unknown): Promise<void> => {
      const { inbound, atMs } = SAGA_WORDS.report.parse(given);
      const kept = await loadSaga(ctx);
      if (kept === null) return;
      const act = (work: TurnWork): void => work.takeAlone(work.underNewId(inbound));
      await alone(ctx, place, { kept, atMs }, act);
    },
    attempt: async (ctx: ObjectContext, given: unknown): Promise<void> => {
      const asked = SAGA_WORDS.attempt.parse(given);
      const { atMs } = asked;
      const kept = await loadSaga(ctx);
      if (kept === null) return;
      await alone(ctx, place, { kept, atMs }, (work) =>
        work.startAgain(startedAgain(work.definition, work.state, work.underNewId(asked))),
      );
    },
    wake: async (ctx: ObjectContext, given: unknown): Promise<void> => {
      const { dueMs } = SAGA_WORDS.wake.parse(given);
      const kept = await loadSaga(ctx);
      if (kept === null) return;
      const atMs = await ctx.date.now();
      await alone(ctx, place, { kept, atMs }, (work) => {
        const { wakeMs, type } = work.facts;
        if (wakeMs !== null && wakeMs <= dueMs) work.note({ wakeMs: null });
        if (isStill(work.state)) return; // what resumes it arms its timers again
        const isBounded = (): boolean => registry.boundOf(type) !== null;
        for (const timer of dueTimers(work.state, work.nowMs, isBounded)) work.takeAlone(timer);
      });
    },
    message: async (ctx: ObjectContext, given: unknown): Promise<void> => {
      const { inbound, atMs } = SAGA_WORDS.message.parse(given);
      const kept = await loadSaga(ctx);
      if (kept === null) return; // a saga that is not there hears nothing, as with any actor
      await aloneWith(ctx, place, { kept, atMs }, inbound, given);
    },
    admit: async (ctx: ObjectContext, given: unknown): Promise<void> => {
      const { atMs } = SAGA_WORDS.admit.parse(given);
      const kept = await loadSaga(ctx);
      if (kept?.facts.gate === 'holds') return;
      if (kept?.facts.gate === 'waits') {
        return alone(ctx, place, { kept, atMs }, (work) => work.takeAlone({ kind: 'admit' }));
      }
      // It was cancelled while it waited and gives the place back. One that was removed has left
      // the gate when it ended.
      const type = kept?.facts.type ?? null;
      if (type === null) return;
      send(ctx, { service: SERVICES.gate, key: type, handler: 'leave', words: { saga: ctx.key } });
    },
  };
}

async function aloneWith(
  ctx: ObjectContext,
  place: WorkPlace,
  loaded: Loaded,
  inbound: Message,
  words: unknown,
): Promise<void> {
  let read: Asked = inbound;
  try {
    const work = TurnWork.open(place, ctx.key, loaded.kept, loaded.atMs);
    read = await readEvent(ctx, work, inbound);
  } catch {
    // The saga cannot be opened: `alone` meets the same error below, and parks it.
  }
  const given = read;
  if ('refused' in given) return;
  const held = { handler: 'message', words } as const;
  await alone(ctx, place, loaded, (work) => work.takeAlone(given), { held });
}

function upkeepHandlers(place: WorkPlace) {
  return {
    nudge: async (ctx: ObjectContext, given: unknown): Promise<void> => {
      const { attempts, atMs } = SAGA_WORDS.nudge.parse(given);
      const kept = await loadSaga(ctx);
      if (kept === null) return;
      const act = (work: TurnWork): void => {
        // Whatever wakes it may be gone as well; a wake too many finds nothing due.
        work.note({ wakeMs: null });
        const { gate, type } = work.facts;
        if (gate === 'waits') work.alsoSend(toGate(type, ctx.key));
        // What became of an attempt that was killed is not known, as after the end of its worker.
        for (const each of interruptions(work.state, false)) {
          if (attempts.includes(nameOfAttempt(each.activity, each.token))) work.takeAlone(each);
        }
      };
      await alone(ctx, place, { kept, atMs }, act, { isAwaited: true });
    },
    adopt: async (ctx: ObjectContext, given: unknown): Promise<void> => {
      const { atMs } = SAGA_WORDS.adopt.parse(given);
      const kept = await loadSaga(ctx);
      if (kept === null) return;
      const act = (work: TurnWork): void => {
        const { status, parkReason } = work.state;
        // The facts first: a saga that could not be opened was parked without a change of its text.
        const why = kept.facts.parkFailure ?? parkReason;
        if (status !== 'parked' || why?.code !== 'version-missing') return;
        work.takeAlone({ kind: 'command', command: VERSION_IS_BACK });
      };
      await alone(ctx, place, { kept, atMs }, act, { isAwaited: true });
    },
    retell: async (ctx: ObjectContext, given: unknown): Promise<void> => {
      const { seqs } = SAGA_WORDS.retell.parse(given);
      const kept = await loadSaga(ctx);
      if (kept === null) return;
      const turns = (await keptTurns(ctx, kept, 0)).filter(({ saga }) => seqs.includes(saga.seq));
      if (turns.length > 0)
        send(ctx, toJournal(ctx.key, kept.facts.type, withLastText(turns, kept.text)));
    },
    forget: async (ctx: ObjectContext): Promise<void> => {
      const kept = await loadSaga(ctx);
      if (kept === null) return;
      if (transitOf(kept.facts) !== null) return; // what ends its move sees to it
      const { key, inputHash, status } = kept.facts;
      const out = wayOut(kept.facts);
      const way = out === null ? {} : { way: { move: out.move, place: out.place } };
      const parts = parseStored(ctx.key, kept.text, kept.facts.format);
      if (!isOver({ status, resolution: parts.resolution ?? null })) return;
      removeSaga(ctx, key === null ? null : { inputHash, endedAs: status, ...way });
      send(ctx, { service: SERVICES.journal, key: ctx.key, handler: 'forget', words: {} });
    },
  };
}
