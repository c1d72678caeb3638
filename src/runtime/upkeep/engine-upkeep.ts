/**
 * What an engine does beside its sagas while it owns the database: parks and takes along sagas of
 * other versions, removes what ended long ago, carries bulk commands out.
 */
import type { OperatorCommand } from '../../core/turn/inbound.ts';
import type { ReadModels } from '../../store/read-models.ts';
import type { Restored, Store, StoreHealth } from '../../store/store.ts';
import { NO_ALERTS } from '../../host/alerts/alert-rules.ts';
import { type AlertWork, createAlerts, withUndelivered } from '../../host/alerts/alerts.ts';
import type { Alerts } from '../../host/alerts/alerts-face.ts';
import type { EngineHealth, Retention } from '../../host/backstep.ts';
import type { ShownParts } from '../engine-parts.ts';
import type { Feed } from '../../host/feed.ts';
import type { Registry } from '../../host/registry.ts';
import type { SagaCalls } from '../saga-calls.ts';
import type { OwnerWork } from '../standby/owner-work.ts';
import { BulkActions } from '../../host/upkeep/bulk-actions.ts';
import type { BulkCommands, BulkRequest } from '../../host/upkeep/bulk-commands.ts';
import { type OwnRetention, retentionOf, type Upkeep } from '../../host/upkeep/retention.ts';
import type { VersionKeeper } from '../../host/versions/version-keeper.ts';
import { versionKeeperOf } from './version-keeper.ts';

type Given = Pick<
  ShownParts,
  'clock' | 'keepEndedMs' | 'logger' | 'randomId' | 'alerts' | 'redact'
>;

export interface EngineUpkeepParts extends Given {
  readonly store: Store;
  readonly read: ReadModels;
  readonly registry: Registry;
  readonly feed: Feed;
  readonly calls: SagaCalls;
  readonly work: OwnerWork;
  readonly sagas: Parameters<typeof versionKeeperOf>[2];
}

export class EngineUpkeep {
  readonly versions: VersionKeeper;
  /** From any process, as all that is asked of the owner. */
  readonly retention: Retention;
  readonly bulk: BulkCommands;
  readonly alerts: Alerts;
  readonly #alerts: AlertWork;
  readonly #removal: Upkeep;
  readonly #bulk: BulkActions;

  constructor(parts: EngineUpkeepParts) {
    const { store, read, clock, logger, calls, work } = parts;
    this.versions = versionKeeperOf(store.upkeep, parts.registry, parts.sagas, parts.feed, logger);
    const removal = retentionOf(store, clock, parts.keepEndedMs, logger);
    this.#removal = removal;
    this.retention = retentionAtOwner(removal, work);
    const saga = (id: string) => ({
      command: (order: OperatorCommand) => calls.command(id, order),
    });
    this.#bulk = new BulkActions({ store, read, saga }, { clock, logger });
    this.bulk = bulkAtOwner(this.#bulk, work);
    this.#alerts = createAlerts(parts.alerts ?? NO_ALERTS, {
      ...parts,
      versionGaps: () => this.versions.gaps,
      types: () => parts.registry.all().map(({ id }) => id),
      host: () => null,
    });
    this.alerts = alertsAtOwner(this.#alerts, work);
  }

  /** To be called once work is accepted. */
  start(): void {
    void this.versions.run();
    this.#removal.start();
    void this.#bulk.resume();
    this.#alerts.start();
  }

  /** The health, with what a person should know of in it. */
  toldIn(health: StoreHealth & { readonly kind: 'ready' }, restored?: Restored): EngineHealth {
    const told = this.versions.toldIn(health);
    const whole = restored === undefined ? told : { ...told, restored };
    return withUndelivered(whole, this.#alerts);
  }

  /** Nothing can be written any more: nothing more is sent either. */
  stopAlerts(): void {
    void this.#alerts.stop();
  }

  /** Resolves when no command is under way any more. */
  async stop(): Promise<void> {
    this.versions.stop();
    this.#removal.stop();
    await Promise.all([this.#bulk.close(), this.#alerts.stop()]);
  }
}

/** From any process. */
function retentionAtOwner(own: OwnRetention, work: OwnerWork): Retention {
  const resume = work.define('retention-resume', (by: string | null) =>
    own.resume(by ?? undefined),
  );
  const state = work.define('retention-state', async () => own.state());
  return {
    state: () => own.state(),
    stateAtOwner: () => state(null),
    resume: (by) => resume(by ?? null),
  };
}

/** Lists are frozen, and run, where the database is owned. */
function bulkAtOwner(actions: BulkActions, work: OwnerWork): BulkCommands {
  return {
    freeze: work.define('bulk-freeze', (request: BulkRequest) => actions.freeze(request)),
    start: work.define('bulk-start', (id: number) => actions.start(id)),
    stop: work.define('bulk-stop', (id: number) => actions.stop(id)),
    find: (id) => actions.find(id),
    list: (page) => actions.list(page),
    items: (...args) => actions.items(...args),
  };
}

/** Trials are sent where the database is owned. */
function alertsAtOwner(own: AlertWork, work: OwnerWork): Alerts {
  const trial = work.define('alert-trial', (given: { target: string; by: string }) =>
    own.trialHere(given),
  );
  return {
    rules: () => own.rules(),
    targets: () => own.targets(),
    figures: () => own.figures(),
    incidents: (...args) => own.incidents(...args),
    deliveries: (page) => own.deliveries(page),
    trial: (target, by = 'a program') => trial({ target, by }),
  };
}
