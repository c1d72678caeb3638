/** The actors of an engine, as the keeper of versions has them load and go on. */
import type { UpkeepReads } from '../../store/queries/upkeep-reads.ts';
import type { Feed } from '../../host/feed.ts';
import type { Registry } from '../../host/registry.ts';
import type { SagaActor } from '../actor/saga-actor.ts';
import type { Logger } from '../../host/turn-log.ts';
import { VERSION_IS_BACK } from '../../host/versions/version-is-back.ts';
import { VersionKeeper } from '../../host/versions/version-keeper.ts';

/** A keeper over the actors of an engine. */
export function versionKeeperOf(
  reads: UpkeepReads,
  registry: Registry,
  sagas: { readonly actor: (sid: number) => SagaActor; readonly last: () => number },
  feed: Pick<Feed, 'subscribe'>,
  logger: Pick<Logger, 'error'>,
): VersionKeeper {
  const keeper = new VersionKeeper({
    reads,
    registry,
    wake: (sid) =>
      new Promise((done) => sagas.actor(sid).put({ kind: 'wake', isReloaded: true, done })),
    unpark: (sid) =>
      new Promise<void>((resolve) => {
        const reply = { expectedVersion: null, resolve: () => resolve(), reject: () => resolve() };
        const inbound = { kind: 'command', command: VERSION_IS_BACK } as const;
        sagas.actor(sid).put({ kind: 'inbound', inbound, statements: [], reply });
      }).catch(() => {}), // too many wait for it: the next look tries again
    lastSid: sagas.last,
    logger,
  });
  feed.subscribe(({ cause }) => {
    if (cause === 'command') keeper.onCommand();
  });
  return keeper;
}
