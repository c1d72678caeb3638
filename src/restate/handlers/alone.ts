/**
 * Work of a saga's object of which no caller waits for an answer: turns, and between them the attempts
 * that the call makes itself.
 *
 * Invariant: what a turn comes to is said before its attempt is marked, so that an attempt runs only
 * once its intent is durable, as where it is a call of its own. Whoever calls the saga meanwhile waits
 * for one attempt, and for few short ones before it: the rest goes to a call that comes behind.
 */
import type { ObjectContext } from '@restatedev/restate-sdk';
import { type Failure, toFailure } from '../../core/failure.ts';
import type { TurnRecord } from '../../store/commit.ts';
import { mustPark } from '../../host/turn/parking.ts';
import type { Made } from '../attempt-desk.ts';
import { type AttemptTools, beginAttempt } from '../attempts/attempt-call.ts';
import type { KeptSaga } from '../kept-saga.ts';
import type { HeldCall } from '../moves/move-words.ts';
import { transitOf, wayOut } from '../moves/move-notes.ts';
import { flush, type Flushed, heldCalls, holdCalls, send } from '../saga-state.ts';
import { toJournal } from '../send.ts';
import type { WorkPlace } from '../sends.ts';
import { TurnWork } from '../turn-work.ts';
import type { AttemptWords, Report } from '../words.ts';

/**
 * What the attempts of one call may take together before the last one begins. Those of a few
 * milliseconds share a call; it costs nothing that counts to give a longer one its own.
 */
const TOGETHER_MS = 250;
/** A call that is made again goes over all that was recorded of it: that is to stay short. */
const MOST_TOGETHER = 20;

/** An attempt that takes longer is not waited for with what pages are to show. */
const SOON_MS = 50;

/** A saga as it was loaded, and the time of the call by its sender's clock. */
export interface Loaded {
  readonly kept: KeptSaga;
  readonly atMs: number;
}

export interface AloneOptions {
  /** The call, where it must not be lost. */
  readonly held?: HeldCall;
  /** Somebody waits until the call is over: attempts are left to another one. */
  readonly isAwaited?: boolean;
}

/**
 * Opens the saga, does its work and sends what follows. A saga that cannot be opened or written is
 * parked as it is: Restate would try a call that throws again and again, to the same end. One that is
 * moved to another host takes nothing.
 */
export async function alone(
  ctx: ObjectContext,
  place: WorkPlace,
  { kept, atMs }: Loaded,
  act: (work: TurnWork) => void,
  { held, isAwaited = false }: AloneOptions = {},
): Promise<void> {
  if (wayOut(kept.facts) !== null) return; // what it should hear is for another host
  if (transitOf(kept.facts) !== null) {
    // What is live is dispatched again where it goes on; who watches it is asked again as well.
    if (held !== undefined) holdCalls(ctx, [...(await heldCalls(ctx)), held]);
    await flush(ctx, TurnWork.leave(place, ctx.key, kept, atMs));
    return;
  }
  const work = workAlone(place, ctx.key, { kept, atMs }, act);
  if (isAwaited) await flush(ctx, work);
  else await flushAlone(ctx, place, work);
}

/** What its work comes to; see `alone`. */
export function workAlone(
  place: WorkPlace,
  id: string,
  { kept, atMs }: Loaded,
  act: (work: TurnWork) => void,
): TurnWork {
  try {
    const work = TurnWork.open(place, id, kept, atMs);
    act(work);
    return work;
  } catch (error) {
    const failure: Failure = { ...toFailure(error), retryable: false };
    const { status, parkFailure } = kept.facts;
    const known = parkFailure === null ? null : `${parkFailure.code}: ${parkFailure.message}`;
    if (!mustPark(status, failure, known)) return TurnWork.leave(place, id, kept, atMs);
    return TurnWork.park(place, id, kept, failure, atMs);
  }
}

/** Sends what the turns come to, and goes on with the attempts that this call makes itself. */
export async function flushAlone(
  ctx: ObjectContext,
  place: WorkPlace,
  first: TurnWork,
): Promise<void> {
  let flushed = await flush(ctx, first, 'here');
  let tookMs = 0;
  for (let made = 1; ; made += 1) {
    const { kept, here } = flushed;
    if (here === null || place.inline === null) return;
    const tools = { registry: place.registry, desk: place.inline.desk };
    const { report, held, ...ended } = await madeHere(ctx, tools, here, flushed);
    tookMs += ended.tookMs;
    const isFull = made >= MOST_TOGETHER || tookMs >= TOGETHER_MS;
    // Not begun: the worker has no place for it, or is about to stop.
    const isLeft = report.kind === 'interrupted' && report.wasClean === true;
    const work = workAlone(place, ctx.key, { kept, atMs: ended.atMs }, (each) =>
      isLeft ? each.startAgain([here.effect]) : each.takeAlone(report),
    );
    flushed = await flush(ctx, work, isLeft ? 'apart' : isFull ? 'handed' : 'here', held);
  }
}

interface MadeHere extends Pick<Made, 'atMs' | 'tookMs'> {
  readonly report: Report;
  /** Lines that are not sent yet. */
  readonly held: readonly TurnRecord[];
}

async function madeHere(
  ctx: ObjectContext,
  tools: AttemptTools,
  asked: AttemptWords,
  { kept, held }: Pick<Flushed, 'kept' | 'held'>,
): Promise<MadeHere> {
  const attempt = await beginAttempt(ctx, tools, asked, { waits: false, patienceMs: SOON_MS });
  const soon = await attempt.made;
  const isLong = soon.isRunning === true;
  if (isLong && held.length > 0) send(ctx, toJournal(ctx.key, kept.facts.type, held));
  const { report, atMs, tookMs } = isLong ? await attempt.rest() : soon;
  attempt.stop(); // what it answers after its time-out is not heard: the saga cannot wait for it
  attempt.end();
  const { activity, token } = asked.effect;
  return {
    report: report ?? { kind: 'interrupted', activity, token },
    atMs,
    tookMs,
    held: isLong ? [] : held,
  };
}
