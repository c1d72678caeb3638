/**
 * Backstep over sagas that run on Restate: starts and orders go through its ingress, and what sagas
 * leave behind comes back to the projection here.
 *
 * No saga runs in this process, and none waits for it: as long as it is away their turns wait at
 * Restate to be written.
 */
import { createEndpointHandler } from '@restatedev/restate-sdk';
import { BackstepError } from '../../core/errors.ts';
import type { Redact } from '../../core/secrets/redact.ts';
import type { SagaDefinition } from '../../core/define/definition.ts';
import type { OperatorCommand } from '../../core/turn/inbound.ts';
import { legalCommands } from '../../core/turn/legal.ts';
import type { Backstep, EngineHealth, Retention, SpawnOptions } from '../../host/backstep.ts';
import { capabilitiesOf } from '../../host/capabilities.ts';
import type { UncheckedEngine } from '../../host/checked-edges.ts';
import { type AlertWork, createAlerts, withUndelivered } from '../../host/alerts/alerts.ts';
import type { CheckedAlerts } from '../../host/alerts/alert-rules.ts';
import { markerOf } from '../../host/alerts/marker.ts';
import { type Clock, orAfter } from '../../host/clock.ts';
import { Feed } from '../../host/feed.ts';
import { figuresOfWriter } from '../../host/figures.ts';
import type { StartResult } from '../../host/saga-handle.ts';
import { SagaWatchers } from '../../host/saga-watchers.ts';
import { markAsProjection } from '../../host/moves/whose-sagas.ts';
import type { VersionKeeper } from '../../host/versions/version-keeper.ts';
import type { Subscribed } from '../../host/subscription-check.ts';
import { SagaTelemetry } from '../../host/telemetry/saga-telemetry.ts';
import type { Tracing } from '../../host/telemetry/tracing.ts';
import type { Logger } from '../../host/turn-log.ts';
import { BulkActions } from '../../host/upkeep/bulk-actions.ts';
import { type OwnRetention, retentionOf, type Upkeep } from '../../host/upkeep/retention.ts';
import { createReadModels } from '../../store/queries/saga-queries.ts';
import type { Store } from '../../store/store.ts';
import type { HostCalls } from '../../host/host-calls.ts';
import type { Inbox } from '../../host/inbox/inbox.ts';
import type { Admin } from './admin.ts';
import { callsOnRestate } from './calls-on-restate.ts';
import { inboxOnRestate } from './inbox-on-restate.ts';
import { Ingress } from './ingress.ts';
import { journalObject } from './journal-object.ts';
import { type HttpServer, serveHttp2 } from '../http-server.ts';
import { freshReads, OwnTurns } from './own-turns.ts';
import { Projector } from './projector.ts';
import { Resync } from './resync.ts';
import { RestateCalls } from './saga-calls.ts';
import { RestateStarts } from './saga-starts.ts';
import { versionKeeperOn } from './version-calls.ts';
import { Watch } from './watch.ts';
import { WorkerRegistry } from '../worker-registry.ts';

/**
 * Where the projection listens for what sagas leave behind. It must stay the same: what waits to be
 * written is brought there and nowhere else.
 */
export interface ListenAt {
  readonly port: number;
  /** Default: `127.0.0.1`. */
  readonly host?: string;
  /** As Restate reaches it; by default the host and port that it listens on. */
  readonly url?: string;
}

export interface RestateEngineParts {
  readonly store: Store;
  readonly admin: Admin;
  /** Where Restate takes calls. */
  readonly ingress: string;
  readonly listen: ListenAt;
  /** Whose calls are taken, see `WorkerOptions`; none: everybody's. */
  readonly identityKeys: readonly string[];
  readonly clock: Clock;
  readonly randomId: () => Uint8Array;
  readonly logger: Logger;
  readonly redact: Redact;
  readonly keepEndedMs?: number;
  readonly tracing?: Tracing;
  readonly alerts: CheckedAlerts;
  readonly onRegister: (
    definition: SagaDefinition,
    accepting: Promise<void>,
    bindings: Subscribed,
  ) => void;
}

const DEFAULT_HOST = '127.0.0.1';
const STANDBY_LOOK_MS = 500;

function urlOf({ url, host = DEFAULT_HOST, port }: ListenAt): string {
  return url ?? `http://${host}:${port}`;
}

type Phase = 'opened' | 'accepting' | 'stopping';

export class RestateEngine implements UncheckedEngine {
  readonly capabilities = capabilitiesOf('restate');
  readonly redact: Redact;
  readonly store: Store;
  readonly read: Backstep['read'];
  readonly legalCommands = legalCommands;
  readonly retention: Retention;
  readonly bulk: BulkActions;
  readonly alerts: AlertWork;
  readonly sagas: RestateCalls;
  readonly calls: HostCalls;
  readonly #parts: RestateEngineParts;
  readonly #registry = new WorkerRegistry();
  readonly #ingress: Ingress;
  readonly #watchers = new SagaWatchers();
  readonly #feed: Feed;
  readonly #telemetry: SagaTelemetry;
  readonly #projector: Projector;
  readonly #versions: VersionKeeper;
  readonly #starts: RestateStarts;
  readonly #inbox: Inbox;
  readonly #removal: Upkeep & OwnRetention;
  readonly #watch: Watch;
  readonly #resync: Resync;
  #server: HttpServer | null = null;
  readonly #started = Promise.withResolvers<void>();
  #phase: Phase = 'opened';
  #stopping: Promise<void> | null = null;

  constructor(parts: RestateEngineParts) {
    const { store, clock, logger, admin } = parts;
    this.#parts = parts;
    this.store = store;
    this.redact = parts.redact;
    const own = new OwnTurns(clock, store);
    this.read = freshReads(createReadModels(store.tables()), own);
    const onError = (err: unknown): void => logger.error({ err }, 'a listener failed');
    this.#feed = new Feed(onError);
    this.#feed.subscribe(({ sagaId, sagaSeq }) => own.written(sagaId, sagaSeq));
    this.#ingress = new Ingress(parts.ingress, clock);
    const shared = { store, clock, registry: this.#registry, watchers: this.#watchers, own };
    this.#telemetry = new SagaTelemetry(parts.tracing);
    const telemetry = this.#telemetry;
    const marker = markerOf(parts.alerts.rules);
    const onGap = (id: string): void => void this.#resync.heal(id);
    const told = { marker, telemetry, onGap };
    this.#projector = new Projector({ ...shared, feed: this.#feed, ...told });
    this.sagas = new RestateCalls({ ...shared, ingress: this.#ingress, onError });
    this.#starts = new RestateStarts({ ...parts, ...shared, ingress: this.#ingress });
    const isAccepting = (): boolean => this.health().kind === 'ready';
    const inbox = { store, clock, log: logger, isAccepting };
    this.#inbox = inboxOnRestate(inbox, this.#starts, this.sagas);
    this.#versions = versionKeeperOn({
      ...shared,
      ingress: this.#ingress,
      feed: this.#feed,
      lastSid: () => this.#projector.lastSid,
      logger,
    });
    this.#watch = new Watch({
      ...parts,
      url: urlOf(parts.listen),
      onTold: () => {
        logger.info({ url: urlOf(parts.listen) }, 'projecting what sagas on Restate leave behind');
        if (this.#projector.lastSid === 0) void this.#resync.tellIfEmpty();
      },
    });
    const outside = { ...shared, admin, ingress: this.#ingress, logger };
    this.#resync = new Resync({ ...outside, projector: this.#projector });
    this.calls = callsOnRestate({
      ...outside,
      watch: this.#watch,
      resync: this.#resync,
      stateOf: (id) => this.sagas.state(id),
    });
    const removal = retentionOf(store, clock, parts.keepEndedMs, logger);
    this.#removal = removal;
    this.retention = {
      state: () => removal.state(),
      stateAtOwner: async () => removal.state(),
      resume: (by) => removal.resume(by),
    };
    const saga = (id: string, once: string) => ({
      command: (order: OperatorCommand) => this.sagas.command(id, order, null, once),
    });
    this.bulk = new BulkActions({ store, read: this.read, saga }, { clock, logger });
    this.alerts = createAlerts(parts.alerts, {
      ...parts,
      versionGaps: () => this.#versions.gaps,
      types: () => this.#registry.all().map(({ id }) => id),
      host: () => this.#watch.standing,
    });
  }

  register: Backstep['register'] = (definition, ...given) => {
    const [bindings = {}] = given;
    for (const each of this.#registry.familyOf(definition)) {
      this.#parts.onRegister(each, this.#started.promise, bindings);
    }
    this.#registry.add(definition, bindings);
    if (this.#phase === 'accepting') void this.#versions.run();
  };

  async start(): Promise<void> {
    const { store, listen, logger, identityKeys } = this.#parts;
    this.#lookWhileOthersWrite();
    const { lastSid, lastSeq } = await store.own();
    this.#assertStarting();
    this.#projector.goOnAfter(lastSid);
    this.#feed.goOnAfter(lastSeq);
    await markAsProjection(store, lastSid);
    const { host = DEFAULT_HOST, port } = listen;
    // What fails is tried again by Restate, and told by the watch.
    const handler = createEndpointHandler({
      services: [journalObject(this.#projector)],
      identityKeys: [...identityKeys],
      logger: () => {},
    });
    const onRefused = (refusal: string): void => logger.error({}, refusal);
    const server = await serveHttp2({ port, host, handler, onRefused });
    if (this.#stopping !== null) server.end(); // it had no server to end
    this.#assertStarting();
    this.#server = server;
    await this.#watch.start();
    this.#assertStarting();
    this.#phase = 'accepting';
    this.#started.resolve();
    void this.#versions.run();
    this.#removal.start();
    void this.bulk.resume();
    this.alerts.start();
    this.#inbox.start();
  }

  /** Throws where it was stopped meanwhile. */
  #assertStarting(): void {
    if (this.#phase === 'opened') return;
    throw new BackstepError('unavailable', 'the engine is stopping');
  }

  /** Nobody tells a standby of the turns that the owner of the database writes. */
  #lookWhileOthersWrite(): void {
    if (this.#phase !== 'opened') return;
    this.#watchers.missed();
    this.#parts.clock.after(STANDBY_LOOK_MS, () => this.#lookWhileOthersWrite());
  }

  spawn(type: string, options: SpawnOptions): Promise<StartResult> {
    return this.#starts.spawn(type, options);
  }

  subscribe: Backstep['subscribe'] = (listener) => this.#feed.subscribe(listener);

  /** The owner is the process that writes the projection: this one, while it accepts work. */
  atOwner: Backstep['atOwner'] = (_, run) => async (given) => {
    if (this.#phase === 'accepting') return run(given);
    throw new BackstepError('unavailable', 'the projection is not written here just now');
  };

  /** Places are counted on Restate, by the gate of the type. */
  startQueue: Backstep['startQueue'] = () => null;

  definitions: Backstep['definitions'] = () => this.#registry.all();

  /** Of this process, in which no saga runs: turns count where they are written. */
  figures: Backstep['figures'] = () =>
    figuresOfWriter(this.#telemetry.counters, this.#inbox, this.#feed);

  liveActors: Backstep['liveActors'] = () => [];

  health(): EngineHealth {
    const store = this.store.health();
    if (store.kind !== 'ready') return store;
    if (this.#phase === 'stopping') return { kind: 'stopping', reason: 'the engine is stopping' };
    if (this.#phase === 'opened') {
      return { kind: 'recovering', reason: 'the projection does not listen yet' };
    }
    const restate = this.#watch.standing;
    if (restate.kind === 'ready') {
      return withUndelivered(this.#versions.toldIn(store), this.alerts);
    }
    return { kind: 'stalled', reason: restate.reason, sinceMs: restate.sinceMs };
  }

  stop(drainMs: number): Promise<void> {
    return (this.#stopping ??= this.#drain(drainMs));
  }

  async #drain(drainMs: number): Promise<void> {
    const wasStarted = this.#phase === 'accepting';
    this.#phase = 'stopping';
    this.#started.resolve();
    this.#watch.stop();
    this.#resync.stop();
    this.#versions.stop();
    this.#removal.stop();
    this.#inbox.stop();
    await Promise.all([this.bulk.close(), this.alerts.stop()]);
    // Restate brings what is not written yet again, to this process or to the next one.
    void this.#server?.close();
    await orAfter(this.#parts.clock, this.#projector.quiet(), drainMs);
    this.#server?.end();
    this.#watchers.end();
    await this.store.close(wasStarted);
  }
}
