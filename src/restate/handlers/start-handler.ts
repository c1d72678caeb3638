/** How a saga is started on Restate: its object decides whether it is there already. */
import type { ObjectContext } from '@restatedev/restate-sdk';
import type { z } from 'zod';
import { BackstepError } from '../../core/errors.ts';
import type { SagaStatus } from '../../core/status.ts';
import { isSameStart } from '../../host/starts/start-input.ts';
import { startedElsewhere } from '../../host/turn/refusals.ts';
import { jsonWords } from '../json-words.ts';
import type { FORWARD, KeptSaga, TOMB } from '../kept-saga.ts';
import { startRefusal } from '../moves/move-notes.ts';
import { SERVICES } from '../names.ts';
import { flush, loadKey, loadSaga } from '../saga-state.ts';
import type { WorkPlace } from '../sends.ts';
import { TurnWork } from '../turn-work.ts';
import {
  doneOf,
  refusedAs,
  SAGA_ANSWERS,
  SAGA_WORDS,
  type SagaAnswers,
  type SagaWords,
} from '../words.ts';

type Answer = SagaAnswers['start'];

/** The handler of a saga's object that starts it. */
export function startHandler(place: WorkPlace) {
  return async (ctx: ObjectContext, given: unknown): Promise<Answer> => {
    const words = SAGA_WORDS.start.parse(given);
    const { type, key, inputHash } = words;
    const kept = await loadSaga(ctx);
    const other = kept === null ? await loadKey(ctx) : null;
    const known = kept?.facts ?? other;
    if (known !== null && !isSameStart(known.inputHash, inputHash)) {
      const id = other !== null && 'saga' in other ? other.saga : ctx.key;
      return otherInput(id, type, key);
    }
    if (kept !== null) return againHere(ctx.key, kept);
    if (other !== null) return 'saga' in other ? againThere(ctx, other, words) : ofTomb(ctx, other);
    if (words.isForwarded === true) {
      const message = `its key started saga ${ctx.key}, which is on its way here; try again later`;
      return refusedAs(new BackstepError('conflict', message));
    }
    return begun(ctx, place, words);
  };
}

async function begun(
  ctx: ObjectContext,
  place: WorkPlace,
  words: SagaWords['start'],
): Promise<Answer> {
  const { type, version, input, key, inputHash, startAtMs, trace = null, atMs } = words;
  const { registry } = place;
  let work: TurnWork;
  try {
    const { definition } = registry.version(type, version);
    registry.assertChildren(definition);
    const isLimited = registry.boundOf(type) !== null;
    const hold = startAtMs === null && !isLimited ? null : { startAtMs, isLimited };
    const born = { input, key, inputHash, hold, parent: null, trace };
    work = TurnWork.begin(place, ctx.key, definition, born, atMs);
  } catch (error) {
    return refusedAs(error);
  }
  const { status } = work.state;
  await flush(ctx, work);
  return { done: { status, isNew: true, isRemoved: false } };
}

function againHere(id: string, { facts }: KeptSaga): Answer {
  const refusal = startRefusal(id, facts);
  return refusal === null ? again(facts.status, false) : refusedAs(refusal);
}

// Ids of sagas that came from another host are not made of their keys. The saga itself says how it
// stands; it calls nobody back, so that neither waits for the other.
async function againThere(
  ctx: ObjectContext,
  { saga }: z.infer<typeof FORWARD>,
  words: SagaWords['start'],
): Promise<Answer> {
  const answered = SAGA_ANSWERS.start.parse(
    await ctx.genericCall<unknown, unknown>({
      service: SERVICES.saga,
      key: saga,
      method: 'start',
      parameter: { ...words, isForwarded: true },
      inputSerde: jsonWords,
      outputSerde: jsonWords,
    }),
  );
  return 'refused' in answered ? answered : { done: { ...doneOf(answered), id: saga } };
}

function ofTomb({ key }: ObjectContext, { endedAs, way }: z.infer<typeof TOMB>): Answer {
  if (way === undefined) return again(endedAs, true);
  return refusedAs(startedElsewhere(key, { ...way, isGone: true }));
}

function again(status: SagaStatus, isRemoved: boolean): Answer {
  return { done: { status, isNew: false, isRemoved } };
}

function otherInput(id: string, type: string, key: string | null): Answer {
  const message = `key "${key}" of saga type "${type}" started saga ${id} with another input`;
  return refusedAs(new BackstepError('conflict', message));
}
