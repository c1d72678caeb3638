/** Work of a saga's object of which no caller waits for an answer. */
import type { ObjectContext } from '@restatedev/restate-sdk';
import { type Failure, toFailure } from '../core/failure.ts';
import { mustPark } from '../host/turn/parking.ts';
import type { KeptSaga } from './kept-saga.ts';
import { flush } from './saga-state.ts';
import type { WorkPlace } from './sends.ts';
import { TurnWork } from './turn-work.ts';

/** A saga as it was loaded, and the time of the call by its sender's clock. */
export interface Loaded {
  readonly kept: KeptSaga;
  readonly atMs: number;
}

/**
 * Opens the saga, does its work and sends what follows. A saga that cannot be opened or written is
 * parked as it is: Restate would try a call that throws again and again, to the same end.
 */
export async function alone(
  ctx: ObjectContext,
  place: WorkPlace,
  { kept, atMs }: Loaded,
  act: (work: TurnWork) => void,
): Promise<void> {
  const work = worked(place, ctx.key, { kept, atMs }, act);
  if (work !== null) await flush(ctx, work);
}

function worked(
  place: WorkPlace,
  id: string,
  { kept, atMs }: Loaded,
  act: (work: TurnWork) => void,
): TurnWork | null {
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
