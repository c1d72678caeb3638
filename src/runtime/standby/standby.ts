/**
 * What an engine is while another process owns its database: it shows everything, follows the feed,
 * and hands on what is asked of it to the owner.
 */
import type { EventObject } from 'xstate';
import { check } from '../../core/options-reader.ts';
import { keepJson } from '../../core/json.ts';
import type { SagaState } from '../../core/state.ts';
import type { OperatorCommand } from '../../core/turn/inbound.ts';
import type { ReadModels } from '../../store/read-models.ts';
import type { Store } from '../../store/store.ts';
import type { Supervisor } from '../actor/supervisor.ts';
import type { SpawnOptions } from '../../host/backstep.ts';
import { type Clock, orAfter } from '../../host/clock.ts';
import { SAGA_TYPE, SPAWN_OPTIONS } from '../../host/edge-options.ts';
import { sentEvent } from '../../host/event-check.ts';
import type { Feed } from '../../host/feed.ts';
import { OWNER_TARGET } from '../../host/inbox/inbox-order.ts';
import type { SendOptions, StartResult } from '../../host/saga-handle.ts';
import type { SagaWatchers } from '../../host/saga-watchers.ts';
import { startTimeOf } from '../../host/starts/start-time.ts';
import { startTraced, type Tracing } from '../../host/telemetry/tracing.ts';
import type { Logger } from '../../host/turn-log.ts';
import { FeedFollower } from './feed-follower.ts';
import { type Answer, type Asked, OwnerRequests } from './owner-requests.ts';

/** How long a request waits for the follower. */
const PLACE_LIMIT_MS = 2_000;

export interface StandbyParts {
  readonly store: Store;
  readonly read: ReadModels;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly supervisor: Pick<Supervisor, 'sidOf' | 'peek'>;
  readonly feed: Feed;
  readonly watchers: SagaWatchers;
  readonly tracing?: Tracing;
}

export class Standby {
  readonly #parts: StandbyParts;
  readonly #requests: OwnerRequests;
  readonly #follower: FeedFollower;
  #following: Promise<unknown> | null = null;

  constructor(parts: StandbyParts) {
    this.#parts = parts;
    const { store, read, clock, logger: log, feed, watchers } = parts;
    this.#requests = new OwnerRequests({ store, clock, log });
    this.#follower = new FeedFollower({
      read,
      store,
      clock,
      log,
      isWatched: (id) => watchers.has(id),
      look: (id) => this.#look(id).catch(() => null),
      publish: (entry) => feed.publish(entry),
      tell: (entry, after) => watchers.tell(entry, after),
      missed: () => watchers.missed(),
    });
  }

  /** True while another process owns the database. */
  get isOn(): boolean {
    return this.#parts.store.health().kind === 'standby';
  }

  /** Follows the owner's feed until `end`. */
  follow(): void {
    if (!this.isOn || this.#following !== null) return;
    const { feed, logger } = this.#parts;
    this.#following = this.#follower
      .start((lastSeq) => feed.goOnAfter(lastSeq))
      .catch((err: unknown) => logger.error({ err }, 'the feed of the owner cannot be followed'));
  }

  /** This process takes over: everything of the owner before is handed on first. */
  async end(): Promise<void> {
    if (this.#following === null) return;
    await this.#following;
    await this.#follower.end();
  }

  stop(): void {
    this.#follower.stop();
    this.#requests.stop();
  }

  /** As `Backstep.spawn`, by the owner. */
  async spawn(type: string, options: SpawnOptions): Promise<StartResult> {
    check(type, SAGA_TYPE, 'spawn, the type', 'input-invalid');
    check(options, SPAWN_OPTIONS, `spawn of "${type}"`, 'input-invalid');
    return startTraced(this.#parts.tracing, type, options, (traced) => this.#start(type, traced));
  }

  async #start(type: string, options: SpawnOptions): Promise<StartResult> {
    const { input, key = null, traceparent } = options;
    const startAt = startTimeOf(options, this.#parts.clock.nowMs());
    const answer = await this.#ask({
      kind: 'start',
      target: type,
      payload: JSON.stringify(keepJson(input, 'input')),
      key,
      options:
        startAt === null && traceparent === undefined
          ? null
          : JSON.stringify({ startAt: startAt ?? undefined, traceparent }),
    });
    if (answer.kind !== 'started')
      throw new Error(`the owner answered a start with ${answer.kind}`);
    const { kind: _, ...result } = answer;
    return result;
  }

  /** As `SagaHandle.send`. */
  async send(id: string, event: EventObject, options?: SendOptions): Promise<SagaState> {
    const { id: key, by, reason } = sentEvent(event, options);
    return this.#turn({
      kind: 'event',
      target: id,
      payload: JSON.stringify(event),
      key,
      options: JSON.stringify({ by, reason }),
    });
  }

  /** As `SagaHandle.command`. */
  async command(
    id: string,
    command: OperatorCommand,
    expectedVersion: number | null,
  ): Promise<SagaState> {
    const options = expectedVersion === null ? null : JSON.stringify({ expectedVersion });
    const payload = JSON.stringify(command);
    return this.#turn({ kind: 'command', target: id, payload, key: null, options });
  }

  /** As the owner does that work. */
  async work(name: string, given: unknown): Promise<unknown> {
    const answer = await this.#ask({
      kind: 'command',
      target: OWNER_TARGET,
      payload: JSON.stringify({ work: name, given: keepJson(given ?? null, 'given') }),
      key: null,
      options: null,
    });
    if (answer.kind !== 'done') throw new Error(`the owner answered work with ${answer.kind}`);
    return answer.value;
  }

  async #turn(asked: Asked): Promise<SagaState> {
    await this.#parts.supervisor.sidOf(asked.target);
    await this.#ask(asked);
    return this.#look(asked.target);
  }

  /**
   * By the owner, once the follower knows its place: whoever asks hears of what comes of it. Where
   * that place cannot be read, the request says soon enough what is wrong.
   */
  async #ask(asked: Asked): Promise<Answer> {
    const placed = this.#following === null ? null : this.#follower.placed;
    if (placed !== null) await orAfter(this.#parts.clock, placed, PLACE_LIMIT_MS);
    return this.#requests.ask(asked);
  }

  async #look(id: string): Promise<SagaState> {
    const { supervisor } = this.#parts;
    return supervisor.peek(await supervisor.sidOf(id));
  }
}
