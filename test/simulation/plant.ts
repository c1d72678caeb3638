/**
 * A bug on purpose: what a run may put in the place of an honest part.
 *
 * Only tests use it, to show that an oracle would notice.
 */
import type { ActivityContext } from '../../src/core/activity.ts';
import type { SagaDefinition } from '../../src/core/define/definition.ts';
import type { Clock } from '../../src/host/clock.ts';
import type { Store } from '../../src/store/store.ts';
import type { BookOp } from './book-op.ts';
import type { Manners } from './books.ts';

export interface Plant {
  /** The calls made instead of the one that was commanded. */
  readonly ops?: (op: BookOp, context: ActivityContext) => readonly BookOp[];
  /** What a participant throws instead. */
  readonly thrown?: (error: unknown) => Error;
  /** The store that the engine gets; called once per process. */
  readonly store?: (store: Store, nowMs: () => number) => Store;
  readonly clock?: (clock: Clock) => Clock;
  readonly definition?: SagaDefinition;
  /** What participants get wrong. */
  readonly manners?: Partial<Manners>;
  /** True: the store does not look whether the disk is still its own. */
  readonly ignoresOwner?: boolean;
  /** True: a subscriber is acknowledged without having been called. */
  readonly deafSubscriber?: boolean;
}
