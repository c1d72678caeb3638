/**
 * Puts an engine together: store, supervisor, runner, timers, courier, feed.
 *
 * The main path of a saga is in saga-actor.ts; this file only wires, accepts and refuses.
 */
import { legalCommands } from '../core/turn/legal.ts';
import { createReadModels } from '../store/queries/saga-queries.ts';
import type { FinalFault } from '../store/final-fault.ts';
import type { Ownership, Store } from '../store/store.ts';
import { ActivityRunner } from '../host/outside/activity-runner.ts';
import { attemptReports, listenerPorts } from './outside/attempt-reports.ts';
import type { Backstep, SpawnOptions } from '../host/backstep.ts';
import { type Capabilities, capabilitiesOf } from '../host/capabilities.ts';
import { checkedEdges, type UncheckedEngine } from '../host/checked-edges.ts';
import { childPorts, messagePorts } from './outside/between-sagas.ts';
import { ChildSagas } from './outside/child-sagas.ts';
import { orAfter } from '../host/clock.ts';
import { assertAccepting, assertStarting } from './engine-health.ts';
import { fatalTextOf, healthIn, type Phase } from './engine-health.ts';
import { type EngineParts, type ShownParts, withSecretsHidden } from './engine-parts.ts';
import { Feed } from '../host/feed.ts';
import { figuresOf, liveActorsOf } from '../host/figures.ts';
import type { Inbox } from '../host/inbox/inbox.ts';
import { inboxOf } from './inbox/inbox-of.ts';
import { Listeners } from './outside/listeners.ts';
import { MessageCourier } from './outside/message-courier.ts';
import { receiverOf } from './outside/message-receiver.ts';
import { recover } from './upkeep/recovery.ts';
import { Registry } from '../host/registry.ts';
import { EngineUpkeep } from './upkeep/engine-upkeep.ts';
import { SagaStarter } from './starts/saga-starter.ts';
import { SagaCalls } from './saga-calls.ts';
import type { StartResult } from '../host/saga-handle.ts';
import { SagaWatchers } from '../host/saga-watchers.ts';
import { SagaTelemetry } from '../host/telemetry/saga-telemetry.ts';
import { OwnerWork } from './standby/owner-work.ts';
import { Standby } from './standby/standby.ts';
import type { SagaActor } from './actor/saga-actor.ts';
import { StalledCallers } from './actor/stalled-callers.ts';
import { StartQueue } from './starts/start-queue.ts';
import { Supervisor } from './actor/supervisor.ts';
import { createTurnLog } from '../host/turn-log.ts';
import { WakeTimers } from './outside/wake-timers.ts';

/** How long a stop waits at least for turns in flight to become durable. */
const MIN_SETTLE_MS = 5_000;

/** An engine over any store; the caller brings every part, so a simulation can replay it. */
export function createEngine(store: Store, parts: EngineParts): Backstep {
  return checkedEdges(new Engine(store, withSecretsHidden(parts)));
}

class Engine implements UncheckedEngine {
  readonly capabilities: Capabilities;
  readonly calls = null;
  readonly redact: ShownParts['redact'];
  readonly store: Store;
  readonly read: Backstep['read'];
  readonly legalCommands = legalCommands;
  readonly #parts: EngineParts;
  readonly #registry = new Registry();
  readonly #supervisor: Supervisor;
  readonly #runner: ActivityRunner;
  readonly #listeners: Listeners;
  readonly #children: ChildSagas;
  readonly #timers: WakeTimers;
  readonly #courier: MessageCourier;
  readonly #feed: Feed;
  readonly #queue: StartQueue;
  readonly #upkeep: EngineUpkeep;
  readonly retention: Backstep['retention'];
  readonly bulk: Backstep['bulk'];
  readonly alerts: Backstep['alerts'];
  readonly #work: OwnerWork;
  readonly #starter: SagaStarter;
  readonly #inbox: Inbox;
  readonly #standby: Standby;
  readonly #callers = new StalledCallers();
  readonly #watchers = new SagaWatchers();
  readonly #telemetry: SagaTelemetry;
  readonly sagas: SagaCalls;
  /** What sagas tell each other waits for it: until then each saga's actor is still to be made. */
  readonly #recovered = Promise.withResolvers<void>();
  #phase: Phase = 'opened';
  #stopping: Promise<void> | null = null;
  /** `null`: the database is not ours, or nobody has told yet. */
  #ownership: Ownership | null = null;

  constructor(store: Store, parts: ShownParts) {
    const { clock, limits, logger } = parts;
    this.store = store;
    this.capabilities = capabilitiesOf(
      store.label === null ? 'embedded-sqlite' : 'embedded-postgres',
    );
    this.read = createReadModels(store.tables());
    this.#parts = parts;
    this.redact = parts.redact;
    const log = createTurnLog(logger);
    const actorOf = (sid: number): SagaActor => this.#supervisor.actor(sid);
    this.#telemetry = new SagaTelemetry(parts.tracing);
    this.#supervisor = new Supervisor({ ...parts, store, registry: this.#registry }, log);
    const onError = (err: unknown): void => logger.error({ err }, 'a feed listener failed');
    this.#feed = new Feed(onError);
    const own = {
      ...parts,
      store,
      read: this.read,
      registry: this.#registry,
      supervisor: this.#supervisor,
      feed: this.#feed,
      watchers: this.#watchers,
    };
    this.#standby = new Standby(own);
    this.#work = new OwnerWork(this.#standby);
    this.sagas = new SagaCalls({
      ...own,
      standby: this.#standby,
      callers: this.#callers,
      assertAccepting: () => assertAccepting(this.health()),
      restored: () => this.#ownership?.restored,
      onError,
    });
    this.#runner = new ActivityRunner(
      clock,
      attemptReports(this.#supervisor, this.#telemetry),
      limits,
      parts.tracing,
    );
    this.#listeners = new Listeners(listenerPorts(actorOf, limits, logger));
    this.#timers = new WakeTimers(clock, store, {
      wake: (sid) => this.#supervisor.wake(sid),
      onError: (err) => logger.error({ err }, 'due times could not be read; trying again'),
    });
    const between = {
      recovered: this.#recovered.promise,
      sagas: this.sagas,
      supervisor: this.#supervisor,
      logger,
      starter: () => this.#starter,
      children: () => this.#children,
      courier: () => this.#courier,
    };
    const receivers = receiverOf(this.#registry, messagePorts(between));
    this.#courier = new MessageCourier(store, clock, receivers, logger);
    this.#children = new ChildSagas(clock, childPorts(between));
    this.#queue = new StartQueue({
      reads: store.starts,
      admit: (sid) => actorOf(sid).tell({ kind: 'admit' }),
      later: (delayMs, run) => clock.after(delayMs, run),
      onError: (err) => logger.error({ err }, 'the start queue could not be read; trying again'),
    });
    const backlog = (): number => this.#runner.backlog;
    this.#starter = new SagaStarter({ ...own, queue: this.#queue, backlog });
    const inbox = { store, clock, log: logger, isAccepting: () => this.health().kind === 'ready' };
    this.#inbox = inboxOf(inbox, this.#starter, this.sagas, this.#work);
    this.#upkeep = new EngineUpkeep({
      ...own,
      calls: this.sagas,
      work: this.#work,
      sagas: { actor: actorOf, last: () => this.#starter.lastSid },
    });
    this.retention = this.#upkeep.retention;
    this.bulk = this.#upkeep.bulk;
    this.alerts = this.#upkeep.alerts;
    this.#supervisor.connect({
      runner: this.#runner,
      listeners: this.#listeners,
      children: this.#children,
      timers: this.#timers,
      courier: this.#courier,
      queue: this.#queue,
      feed: this.#feed,
      watchers: this.#watchers,
      telemetry: this.#telemetry,
    });
    store.own().then(
      (ownership) => (this.#ownership = ownership),
      () => {}, // `start` tells
    );
    store.onHealth((health) => {
      if (health.kind === 'failed') this.#fail(health);
      if (health.kind !== 'stalled') return;
      logger.error(health, 'the store is stalled; trying again');
      this.#callers.onStalled(clock.nowMs() - health.sinceMs);
    });
  }

  register: Backstep['register'] = (definition, ...given) => {
    const [bindings = {}] = given;
    const { concurrency } = bindings;
    // A wrong bound is refused before the type is registered, else it could be started without one.
    const bound = concurrency === undefined ? null : this.#queue.bound(definition.id, concurrency);
    for (const each of this.#registry.familyOf(definition)) {
      this.#parts.onRegister?.(each, this.#recovered.promise, bindings);
    }
    this.#registry.add(definition, bindings);
    bound?.();
    if (this.#phase === 'accepting') void this.#upkeep.versions.run();
  };

  async start(): Promise<void> {
    const { clock, logger } = this.#parts;
    this.#standby.follow();
    const { lastSid, lastSeq, wasLeftClean } = await this.store.own();
    await this.#standby.end();
    assertStarting(this.#phase);
    this.#starter.goOnAfter(lastSid);
    this.#feed.goOnAfter(lastSeq);
    // Messages before sagas, so that what a saga emitted earlier is delivered first.
    const messages = await this.#courier.recover();
    // The queue before sagas move: from then on it counts their turns.
    await this.#queue.recover(new Set(this.#registry.all().map(({ id }) => id)));
    const recovered = await recover(
      {
        source: this.store,
        load: (sid) => this.#supervisor.load(sid),
        resume: (sid, saga) => this.#supervisor.resume(sid, saga, wasLeftClean),
        arm: (sid, dueMs) => this.#timers.set(sid, dueMs, false),
      },
      clock.nowMs(),
    );
    assertStarting(this.#phase);
    this.#timers.start(recovered.untilMs);
    this.#phase = 'accepting';
    this.#recovered.resolve();
    this.#queue.open();
    this.#upkeep.start();
    this.#inbox.start();
    logger.info({ ...recovered, messages }, 'recovered');
  }

  async spawn(type: string, options: SpawnOptions): Promise<StartResult> {
    if (this.#standby.isOn) return this.#standby.spawn(type, options);
    assertAccepting(this.health());
    return this.#callers.answer(this.#starter.spawn(type, options));
  }

  subscribe: Backstep['subscribe'] = (listener) => this.#feed.subscribe(listener);

  atOwner: Backstep['atOwner'] = (name, run) => this.#work.define(name, run);
  startQueue: Backstep['startQueue'] = (type) => this.#queue.figures(type);
  definitions: Backstep['definitions'] = () => this.#registry.all();

  figures: Backstep['figures'] = () =>
    figuresOf(
      this.#supervisor,
      this.#runner,
      this.#timers,
      this.#telemetry.counters,
      this.#courier,
      this.#inbox,
      this.#feed,
    );
  liveActors: Backstep['liveActors'] = (limit) => liveActorsOf(this.#supervisor, limit);

  health: Backstep['health'] = () =>
    healthIn(this.#phase, this.store.health(), (store) =>
      this.#upkeep.toldIn(store, this.#ownership?.restored),
    );

  stop(drainMs: number): Promise<void> {
    return (this.#stopping ??= this.#drain(drainMs));
  }

  async #drain(drainMs: number): Promise<void> {
    const hasFailed = this.#phase === 'failed';
    // An engine that was never started leaves the mark of its predecessor.
    const wasLeftClean = this.#ownership?.wasLeftClean ?? false;
    const isClean = this.#phase === 'opened' ? wasLeftClean : !hasFailed;
    if (!hasFailed) this.#phase = 'stopping';
    this.#recovered.resolve();
    this.#inbox.stop();
    this.#standby.stop();
    this.#timers.stop();
    this.#listeners.stopAll();
    this.#children.stop();
    this.#queue.close();
    const upkeep = this.#upkeep.stop();
    await this.#runner.drain(hasFailed ? 0 : drainMs);
    this.#supervisor.close();
    const settleMs = Math.max(drainMs, MIN_SETTLE_MS);
    // A stalled disk must not keep the process: what is not committed was not accepted either.
    const quiet = Promise.all([upkeep, this.#supervisor.quiet()]);
    if (!hasFailed) await orAfter(this.#parts.clock, quiet, settleMs);
    await this.#courier.stop(hasFailed ? 0 : settleMs);
    this.#watchers.end();
    await this.store.close(isClean);
  }

  #fail(fault: FinalFault): void {
    if (this.#phase === 'failed') return;
    this.#phase = 'failed';
    this.#parts.logger.fatal({ reason: fault.reason }, fatalTextOf(fault));
    this.#timers.stop();
    this.#inbox.stop();
    this.#supervisor.close();
    this.#upkeep.stopAlerts();
    this.#parts.onFatal(fault.reason, fault.isTakenOver === true ? 'taken-over' : 'storage');
  }
}
