/** Waiting until a saga is settled, or until a predicate is true of its state. */
import { isOver, type SagaState } from '../core/state.ts';
import { isSettled } from '../core/status.ts';
import type { Clock } from './clock.ts';
import { type Outcome, outcomeOf, type Unsettled } from './outcome.ts';
import { firstAnswer, type SagaNews, type SagaWatchers, type Wait } from './saga-watchers.ts';

/** Who is told of turns, and the clock that bounds the wait. */
export interface Waiting {
  readonly watchers: Pick<SagaWatchers, 'add'>;
  readonly clock: Clock;
}

/** What is waited for, and how the saga is looked at. */
type Looking<Found> = Pick<Wait<unknown>, 'sagaId' | 'withinMs'> & {
  readonly look: () => Promise<Found>;
};

/** True: it is settled whatever its saga has taken since. */
type IsSure = (settled: SagaState) => boolean;

/**
 * How the saga came out, or where it stands once the time is over. `look` gives the same as of now.
 * `isSure`: what is told may be old, so that a settled saga of which it is not true is looked at.
 * Default: what is told is of now.
 */
export async function whenSettled(
  waiting: Waiting,
  { look, ...wait }: Looking<Outcome | Unsettled['status']>,
  isSure: IsSure = () => true,
): Promise<Outcome | Unsettled> {
  let last: Unsettled['status'] | null = null;
  const hear = ({ entry: { status }, after }: SagaNews): Outcome | 'look' | null => {
    if (isSettled(status)) {
      return after === null || !isSure(after) ? 'look' : outcomeOf(after, status);
    }
    last = status;
    return null;
  };
  const outcomeNow = async (): Promise<Outcome | null> => {
    const found = await look();
    if (typeof found !== 'string') return found;
    last ??= found; // what was heard meanwhile is newer
    return null;
  };
  const outcome = await firstAnswer<Outcome>(waiting, { ...wait, look: outcomeNow, hear });
  return outcome ?? { status: last ?? 'running' };
}

/** The saga ended, and the predicate never became true. */
const NEVER = { isOver: true } as const;

/**
 * The first state of which the predicate is true; `null` once the time is over, or the saga ended
 * without. `look` gives the state of now and those that followed it, none where that of now will be
 * told; `null` where the saga was removed.
 */
export async function whenTrue(
  waiting: Waiting,
  { look, ...wait }: Looking<readonly SagaState[] | null>,
  predicate: (state: SagaState) => boolean,
): Promise<SagaState | null> {
  const judge = (state: SagaState): SagaState | typeof NEVER | null =>
    predicate(state) ? state : isOver(state) ? NEVER : null;
  const judgeNow = async (): Promise<SagaState | typeof NEVER | null> => {
    const states = await look();
    if (states === null) return NEVER;
    for (const state of states) {
      const judged = judge(state);
      if (judged !== null) return judged;
    }
    return null;
  };
  const hear = ({ after }: SagaNews): SagaState | typeof NEVER | 'look' | null =>
    after === null ? 'look' : judge(after);
  const found = await firstAnswer<SagaState | typeof NEVER>(waiting, {
    ...wait,
    look: judgeNow,
    hear,
  });
  return found === null || 'isOver' in found ? null : found;
}
