/** The objects of sagas on Restate, as the keeper of versions has them load and go on. */
import { isPassing } from '../../core/errors.ts';
import type { Clock } from '../../host/clock.ts';
import type { Feed } from '../../host/feed.ts';
import type { Registry } from '../../host/registry.ts';
import type { Logger } from '../../host/turn-log.ts';
import { VersionKeeper } from '../../host/versions/version-keeper.ts';
import type { Store } from '../../store/store.ts';
import type { Ingress } from './ingress.ts';

export interface VersionCallsParts {
  readonly store: Store;
  readonly ingress: Ingress;
  readonly clock: Clock;
  readonly registry: Registry;
  readonly feed: Pick<Feed, 'subscribe'>;
  /** Highest internal id in use. */
  readonly lastSid: () => number;
  readonly logger: Pick<Logger, 'error'>;
}

/**
 * A keeper over sagas on Restate: each that does not run under what is registered is asked to adopt
 * it. A worker does that, which may know other versions than this process.
 */
export function versionKeeperOn(parts: VersionCallsParts): VersionKeeper {
  const { store, ingress, clock, registry, feed, lastSid, logger } = parts;
  const adopt = async (sid: number): Promise<void> => {
    const row = await store.loadBySid(sid);
    if (row === null) return;
    try {
      await ingress.call(row.id, 'adopt', { atMs: clock.nowMs() });
    } catch (error) {
      // The next look asks again.
      if (!isPassing(error)) throw error;
    }
  };
  const keeper = new VersionKeeper({
    reads: store.upkeep,
    registry,
    wake: async (sid) => {
      await adopt(sid);
      return null;
    },
    unpark: async () => {}, // a saga that adopts a version goes on by itself
    lastSid,
    logger,
  });
  feed.subscribe(({ cause }) => {
    if (cause === 'command') keeper.onCommand();
  });
  return keeper;
}
