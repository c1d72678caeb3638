/** What parent and child sagas do to each other: starts, undoing, ends, and who is told of them. */
import type { ObjectContext } from '@restatedev/restate-sdk';
import { BackstepError } from '../../core/errors.ts';
import { type Failure, toFailure } from '../../core/failure.ts';
import { CHILD_GONE, neverBegan } from '../../core/turn/child-outcome.ts';
import type { AttemptOutcome } from '../../core/turn/inbound.ts';
import {
  type EndOrder,
  endOrderOf,
  ORDERED_BY_PARENT,
  orderIfLeft,
  UNDONE_BY_PARENT,
} from '../../host/outside/child-ends.ts';
import { hashOf, parseInput } from '../../host/starts/start-input.ts';
import { alone, flushAlone } from './alone.ts';
import type { KeptSaga } from '../kept-saga.ts';
import { loadSaga, loadTomb, send } from '../saga-state.ts';
import { toSaga } from '../send.ts';
import type { WorkPlace } from '../sends.ts';
import { TurnWork } from '../turn-work.ts';
import { SAGA_WORDS, type SagaWords, type Watch } from '../words.ts';

/** The handlers of a saga's object that its family calls. */
export function familyHandlers(place: WorkPlace) {
  return {
    startChild: async (ctx: ObjectContext, given: unknown): Promise<void> => {
      const asked = SAGA_WORDS.startChild.parse(given);
      const { watch, atMs } = asked;
      const kept = await loadSaga(ctx);
      if (kept !== null) return alone(ctx, place, { kept: watchedBy(kept, watch), atMs }, () => {});
      const isRemoved = (await loadTomb(ctx)) !== null;
      const outcome = isRemoved ? CHILD_GONE : await beginChild(ctx, place, asked);
      if (outcome !== null) tellParent(ctx, watch, outcome, atMs);
    },
    unwind: async (ctx: ObjectContext, given: unknown): Promise<void> => {
      const { watch, atMs } = SAGA_WORDS.unwind.parse(given);
      const kept = await loadSaga(ctx);
      if (kept === null) {
        const isRemoved = (await loadTomb(ctx)) !== null;
        const outcome = isRemoved ? CHILD_GONE : ({ kind: 'done', output: null } as const);
        return tellParent(ctx, watch, outcome, atMs);
      }
      await alone(ctx, place, { kept: watchedBy(kept, watch), atMs }, (work) =>
        order(work, 'cancel', UNDONE_BY_PARENT),
      );
    },
    end: async (ctx: ObjectContext, given: unknown): Promise<void> => {
      const { activity, token, command, reason, atMs } = SAGA_WORDS.end.parse(given);
      const kept = await loadSaga(ctx);
      if (kept === null) return;
      await alone(
        ctx,
        place,
        { kept, atMs },
        (work) => {
          const { watch } = work.facts;
          // An attempt that undoes the child by now has another token, and must still hear of its
          // end.
          if (watch?.activity === activity && watch.token === token) work.note({ watch: null });
          if (command !== null) order(work, command, reason);
        },
        command === null ? {} : { held: { handler: 'end', words: given } },
      );
    },
    goesOn: async (ctx: ObjectContext, given: unknown): Promise<void> => {
      const { child, row, atMs } = SAGA_WORDS.goesOn.parse(given);
      const kept = await loadSaga(ctx);
      if (kept === null) return;
      await alone(
        ctx,
        place,
        { kept, atMs },
        (work) => {
          const left = orderIfLeft(work.state, child);
          if (left === null) return;
          // No attempt waits for this child, so that none is named.
          const { order: command, reason } = left;
          const from = row === undefined ? {} : { row };
          const words = { activity: '', token: 0, command, reason, ...from, atMs };
          work.alsoSend(toSaga(child, 'end', words));
        },
        { held: { handler: 'goesOn', words: given } },
      );
    },
  };
}

function watchedBy({ facts, text }: KeptSaga, watch: Watch): KeptSaga {
  return { facts: { ...facts, watch }, text };
}

type Input = { readonly parsed: unknown } | { readonly failure: Failure };

/** Why it never began; `null`: it did. */
async function beginChild(
  ctx: ObjectContext,
  place: WorkPlace,
  { type, version, input, parent, watch, atMs }: SagaWords['startChild'],
): Promise<AttemptOutcome | null> {
  let work: TurnWork;
  try {
    const { definition } = place.registry.current(type, version);
    // Schemas are user code and may answer otherwise at a replay, so that Restate records the
    // answer.
    const read = await ctx.run('input', () => readInput(definition, input));
    if ('failure' in read) return neverBegan(read.failure);
    const { parsed } = read;
    // A child is started under its id and by its parent alone: no other input can come.
    const inputHash = hashOf(parsed);
    const born = { input: parsed, key: ctx.key, inputHash, hold: null, parent, trace: null };
    work = TurnWork.begin(place, ctx.key, definition, born, atMs);
  } catch (error) {
    return neverBegan(toFailure(error));
  }
  work.note({ watch });
  await flushAlone(ctx, place, work);
  return null;
}

async function readInput(
  definition: Parameters<typeof parseInput>[0],
  input: unknown,
): Promise<Input> {
  try {
    return { parsed: (await parseInput(definition, input)).input };
  } catch (error) {
    return { failure: toFailure(error) };
  }
}

// A child that takes no cancel goes on to its own end.
function order(work: TurnWork, asked: EndOrder, reason: string): void {
  const name = endOrderOf(work.state, asked);
  if (name === null) return;
  try {
    work.take({ kind: 'command', command: { name, reason, by: ORDERED_BY_PARENT } });
  } catch (error) {
    if (!(error instanceof BackstepError) || error.code !== 'not-legal') throw error;
  }
}

function tellParent(
  ctx: ObjectContext,
  { parent, activity, token }: Watch,
  outcome: AttemptOutcome,
  atMs: number,
): void {
  const inbound = { kind: 'result', activity, token, outcome } as const;
  send(ctx, toSaga(parent, 'report', { inbound, atMs }));
}
