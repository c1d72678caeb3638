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
import { mustPark } from '../../host/turn/parking.ts';
import type { Made } from '../attempt-desk.ts';
import { type AttemptTools, beginAttempt } from '../attempts/attempt-call.ts';
import type { KeptSaga } from '../kept-saga.ts';
import type { HeldCall } from '../moves/move-words.ts';
import { transitOf, wayOut } from '../moves/move-notes.ts';
import { flush, heldCalls, holdCalls } from '../saga-state.ts';
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
  const { inline, registry } = place;
  let { kept, here } = await flush(ctx, first, 'here');
  if (inline === null) return;
  const tools = { registry, desk: inline.desk };
  let tookMs = 0;
  for (let made = 1; here !== null; made += 1) {
    const { effect } = here;
    const ended = await madeHere(ctx, tools, here);
    tookMs += ended.tookMs;
    const isFull = made >= MOST_TOGETHER || tookMs >= TOGETHER_MS;
    const { report } = ended;
    // Not begun: the worker has no place for it, or is about to stop.
    const isLeft = report.kind === 'interrupted' && report.wasClean === true;
    const work = workAlone(place, ctx.key, { kept, atMs: ended.atMs }, (each) =>
      isLeft ? each.startAgain([effect]) : each.takeAlone(report),
    );
    ({ kept, here } = await flush(ctx, work, isLeft ? 'apart' : isFull ? 'handed' : 'here'));
  }
}

async function madeHere(
  ctx: ObjectContext,
  tools: AttemptTools,
  asked: AttemptWords,
): Promise<Made & { readonly report: Report }> {
  const attempt = await beginAttempt(ctx, tools, asked, { waits: false });
  const { report, ...made } = await attempt.made;
  attempt.stop(); // what it answers after its time-out is not heard: the saga cannot wait for it
  attempt.end();
  const { activity, token } = asked.effect;
  return { ...made, report: report ?? { kind: 'interrupted', activity, token } };
}
