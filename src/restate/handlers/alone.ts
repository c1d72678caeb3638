/** Work of a saga's object of which no caller waits for an answer. */
import type { ObjectContext } from '@restatedev/restate-sdk';
import { type Failure, toFailure } from '../../core/failure.ts';
import { mustPark } from '../../host/turn/parking.ts';
import type { KeptSaga } from '../kept-saga.ts';
import type { HeldCall } from '../moves/move-words.ts';
import { transitOf, wayOut } from '../moves/move-notes.ts';
import { flush, heldCalls, holdCalls } from '../saga-state.ts';
import type { WorkPlace } from '../sends.ts';
import { TurnWork } from '../turn-work.ts';

/** A saga as it was loaded, and the time of the call by its sender's clock. */
export interface Loaded {
  readonly kept: KeptSaga;
  readonly atMs: number;
}

/**
 * Opens the saga, does its work and sends what follows. A saga that cannot be opened or written is
 * parked as it is: Restate would try a call that throws again and again, to the same end. One that is
 * moved to another host takes nothing; `held`: the call, where it must not be lost.
 */
export async function alone(
  ctx: ObjectContext,
  place: WorkPlace,
  { kept, atMs }: Loaded,
  act: (work: TurnWork) => void,
  held?: HeldCall,
): Promise<void> {
  if (wayOut(kept.facts) !== null) return; // what it should hear is for another host
  if (transitOf(kept.facts) !== null) {
    // What is live is dispatched again where it goes on; who watches it is asked again as well.
    if (held !== undefined) holdCalls(ctx, [...(await heldCalls(ctx)), held]);
    await flush(ctx, TurnWork.leave(place, ctx.key, kept, atMs));
    return;
  }
  await flush(ctx, workAlone(place, ctx.key, { kept, atMs }, act));
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
