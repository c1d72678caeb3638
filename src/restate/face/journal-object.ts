/**
 * The service to which sagas on Restate send what their turns leave behind. It runs beside the
 * projection, as a deployment of its own, so that Restate sends it to no worker.
 *
 * It keeps the turns with Restate as well, so that a projection which was lost can be written again:
 * without the text of the state, of which the saga's own object has the last one.
 */
import { crc32 } from 'node:zlib';
import {
  handlers,
  object,
  type ObjectContext,
  type ObjectSharedContext,
} from '@restatedev/restate-sdk';
import type { TurnRecord } from '../../store/commit.ts';
import { CALL_OPTIONS } from '../call-options.ts';
import { jsonWords } from '../json-words.ts';
import { SERVICES } from '../names.ts';
import { turnRecord } from '../turn-record-words.ts';
import { JOURNAL_ARRIVAL, JOURNAL_WORDS, KEPT_WORDS, type KeptTurns } from '../words.ts';
import type { Projector } from './projector.ts';

/** Begins the name under which a turn is kept, before its `seq`. */
export const TURN = 'turn-';
/** When the saga began, by the clock of whoever started it. */
export const BORN = 'born';

/** The service over a projector. */
export function journalObject(projector: Pick<Projector, 'append' | 'replace'>) {
  const append = async (ctx: ObjectContext, given: unknown): Promise<void> => {
    const words = JOURNAL_WORDS.parse(given);
    for (const turn of words.turns) keep(ctx, turn);
    // Last, so that every try says the same to Restate. What it throws is tried again; turns that
    // were written before are left alone.
    await projector.append(ctx.key, words);
  };
  const arrive = async (ctx: ObjectContext, given: unknown): Promise<void> => {
    const { type, turns, text: state, isFirst } = JOURNAL_ARRIVAL.parse(given);
    if (isFirst) ctx.clearAll();
    for (const turn of turns) keep(ctx, turn);
    const checksum = crc32(state);
    const whole = turns.map((turn) => ({ ...turn, saga: { ...turn.saga, state, checksum } }));
    if (isFirst) await projector.replace(ctx.key, { type, turns: whole });
    else await projector.append(ctx.key, { type, turns: whole });
  };
  return object({
    name: SERVICES.journal,
    options: CALL_OPTIONS,
    handlers: {
      // It reads nothing of what it keeps, which may be much.
      append: handlers.object.exclusive(
        { input: jsonWords, ingressPrivate: true, enableLazyState: true },
        append,
      ),
      arrive: handlers.object.exclusive(
        { input: jsonWords, ingressPrivate: true, enableLazyState: true },
        arrive,
      ),
      forget: handlers.object.exclusive(
        { input: jsonWords, ingressPrivate: true, enableLazyState: true },
        async (ctx: ObjectContext) => ctx.clearAll(),
      ),
      // Beside an `append` that fails for the turns that this one gives.
      kept: handlers.object.shared({ input: jsonWords, output: jsonWords }, kept),
    },
  });
}

function keep(ctx: ObjectContext, { saga, ...turn }: TurnRecord): void {
  ctx.set<unknown>(`${TURN}${saga.seq}`, { ...turn, saga: { ...saga, state: '' } }, jsonWords);
  if (turn.birth !== null) ctx.set<unknown>(BORN, turn.birth.createdAtMs, jsonWords);
}

async function kept(ctx: ObjectSharedContext, given: unknown): Promise<KeptTurns> {
  const { afterSeq } = KEPT_WORDS.parse(given);
  const seqs = (await ctx.stateKeys())
    .filter((key) => key.startsWith(TURN))
    .map((key) => Number(key.slice(TURN.length)))
    .filter((seq) => seq > afterSeq);
  const turns: TurnRecord[] = [];
  for (const seq of seqs.toSorted((one, other) => one - other)) {
    turns.push(turnRecord.parse(await ctx.get<unknown>(`${TURN}${seq}`, jsonWords)));
  }
  return { turns };
}
