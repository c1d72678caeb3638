/**
 * Starts sagas: checks, takes the first turn, commits it, hands the saga to the supervisor.
 *
 * Invariant: refused before acceptance or accepted for ever. A start key is decided by the store in
 * the commit of the start itself, so that any number of equal starts at once make one saga.
 */
import type { SagaDefinition } from '../../core/define/definition.ts';
import { BackstepError } from '../../core/errors.ts';
import type { SagaStatus } from '../../core/status.ts';
import type { StartHold } from '../../core/turn/inbound.ts';
import { check } from '../../core/options-reader.ts';
import type { ParentLink } from '../../core/turn/parent-link.ts';
import { begin } from '../../core/turn/turn.ts';
import type { ReadModels } from '../../store/read-models.ts';
import type { Store } from '../../store/store.ts';
import { startedElsewhere } from '../../host/turn/refusals.ts';
import type { SpawnOptions } from '../../host/backstep.ts';
import type { Clock } from '../../host/clock.ts';
import { SAGA_TYPE, SPAWN_OPTIONS } from '../../host/edge-options.ts';
import type { InboxRef } from '../../host/inbox/inbox-answer.ts';
import type { Limits } from '../../host/limits.ts';
import type { Registration, Registry } from '../../host/registry.ts';
import type { StartResult } from '../../host/saga-handle.ts';
import { givenTrace, startTraced, type Tracing } from '../../host/telemetry/tracing.ts';
import { sagaId } from '../../host/starts/saga-id.ts';
import { isSameStart, parseInput, type StartInput } from '../../host/starts/start-input.ts';
import type { StartQueue } from './start-queue.ts';
import { startTimeOf } from '../../host/starts/start-time.ts';
import type { Supervisor } from '../actor/supervisor.ts';

export interface StarterParts {
  readonly store: Store;
  readonly registry: Registry;
  readonly supervisor: Supervisor;
  readonly read: ReadModels;
  readonly clock: Clock;
  readonly randomId: () => Uint8Array;
  readonly limits: Limits;
  readonly queue: Pick<StartQueue, 'enter' | 'isBounded'>;
  /** Attempts that run or wait for a place. */
  readonly backlog: () => number;
  readonly tracing?: Tracing;
}

/** What is to be started, its input parsed. */
interface NewSaga extends StartInput {
  readonly key: string | null;
  readonly hold: StartHold | null;
  /** Of a child saga; any other gets one made. */
  readonly id?: string;
  readonly parent?: ParentLink | null;
  /** The row of the inbox that asked for it. */
  readonly row?: InboxRef | undefined;
  readonly trace?: string | null;
}

/** How a saga stands that leaves this database, and that has left. */
const MOVE_STATUSES: readonly SagaStatus[] = ['parked', 'terminated'];

export class SagaStarter {
  readonly #parts: StarterParts;
  #lastSid = 0;
  #underWay = 0;

  constructor(parts: StarterParts) {
    this.#parts = parts;
  }

  /** Before the first start: `lastSid` is the highest internal id in use. */
  goOnAfter(lastSid: number): void {
    this.#lastSid = lastSid;
  }

  /** Highest internal id in use. */
  get lastSid(): number {
    return this.#lastSid;
  }

  /** See `Backstep.spawn`. A row of the inbox is dealt with in the commit of a new saga. */
  async spawn(type: string, options: SpawnOptions, row?: InboxRef): Promise<StartResult> {
    check(type, SAGA_TYPE, 'spawn, the type', 'input-invalid');
    check(options, SPAWN_OPTIONS, `spawn of "${type}"`, 'input-invalid');
    // A row with a trace comes from a process that has made the span of its start.
    const isTraced = row !== undefined && options.traceparent !== undefined;
    return startTraced(isTraced ? undefined : this.#parts.tracing, type, options, (traced) =>
      this.#spawn(type, traced, row),
    );
  }

  async #spawn(type: string, options: SpawnOptions, row?: InboxRef): Promise<StartResult> {
    this.#assertRoom();
    const startAtMs = startTimeOf(options, this.#parts.clock.nowMs());
    const { registry } = this.#parts;
    const registration = registry.newest(type);
    registry.assertChildren(registration.definition);
    const { queue } = this.#parts;
    const isLimited = queue.isBounded(type);
    this.#underWay += 1;
    try {
      const parsed = await parseInput(registration.definition, options.input);
      const key = options.key ?? null;
      const asked = { ...parsed, key, row, ...givenTrace(options) };
      if (startAtMs !== null) {
        const hold = { startAtMs, isLimited };
        return await this.#start(registration, { ...asked, hold });
      }
      const place = queue.enter(type);
      let isNew = false;
      try {
        const hold = place?.isQueued === true ? { startAtMs, isLimited } : null;
        const started = await this.#start(registration, { ...asked, hold });
        ({ isNew } = started);
        return started;
      } finally {
        place?.settle(isNew);
      }
    } finally {
      this.#underWay -= 1;
    }
  }

  /**
   * Starts a child saga under the id its parent gave it; one that was started before is left as it
   * is. Never refused for overload: its parent was accepted. Throws as `spawn` does.
   */
  async spawnChild(
    definition: SagaDefinition,
    child: { readonly id: string; readonly input: unknown; readonly parent: ParentLink },
  ): Promise<void> {
    const { id, input, parent } = child;
    const registration = this.#parts.registry.current(definition.id, definition.version);
    const parsed = await parseInput(registration.definition, input);
    // The child's id is its start key, so that starting it again finds it, whatever became of it.
    await this.#start(registration, { ...parsed, key: id, hold: null, id, parent });
  }

  async #start(
    registration: Registration,
    {
      input,
      inputHash: itsHash,
      key,
      hold,
      id: givenId,
      parent = null,
      row,
      trace = null,
    }: NewSaga,
  ): Promise<StartResult> {
    const { supervisor, clock, randomId } = this.#parts;
    const { definition } = registration;
    const nowMs = clock.nowMs();
    const id = givenId ?? sagaId(nowMs, randomId());
    const sid = ++this.#lastSid;
    const { state, record, effects } = begin(definition, id, input, nowMs, parent, hold, trace);
    const inputHash = key === null ? null : itsHash;
    const { id: type, version, hash: definitionHash } = definition;
    const birth = { id, type, version, definitionHash, key, inputHash, createdAtMs: nowMs };
    const taken = { before: null, after: state, record, effects };
    const pending = { sid, type, startedAtMs: nowMs, ...taken };
    const outcome = await supervisor.begin(sid, registration, pending, { birth, row });
    switch (outcome.kind) {
      case 'committed':
        return { id, status: state.status, isNew: true, isRemoved: false };
      case 'key-taken':
        return this.#existing(outcome, type, key, itsHash);
      case 'stale':
      case 'withdrawn':
      case 'rejected':
      case 'unmet':
        throw new BackstepError('conflict', `the start was refused by the store: ${outcome.kind}`);
    }
  }

  async #existing(
    taken: { readonly sagaId: string; readonly inputHash: string },
    type: string,
    key: string | null,
    inputHash: string,
  ): Promise<StartResult> {
    if (!isSameStart(taken.inputHash, inputHash)) {
      throw new BackstepError(
        'conflict',
        `key "${key}" of saga type "${type}" started saga ${taken.sagaId} with another input`,
      );
    }
    const { read, store } = this.#parts;
    const { sagaId: id } = taken;
    const record = await read.saga(id);
    const mayHaveMoved = record === null || MOVE_STATUSES.includes(record.status);
    const way = mayHaveMoved ? await store.upkeep.wayOf(id) : null;
    if (way !== null) throw startedElsewhere(id, way);
    if (record !== null) return { id, status: record.status, isNew: false, isRemoved: false };
    // Start keys outlive their sagas, and know how those ended.
    const status = (await store.upkeep.finalStatus(id)) ?? 'removed';
    return { id, status, isNew: false, isRemoved: true };
  }

  #assertRoom(): void {
    const { backlog, supervisor, limits } = this.#parts;
    if (backlog() + supervisor.busyActors + this.#underWay < limits.busySagas) return;
    throw new BackstepError('overloaded', 'too many sagas are at work; try again shortly', {
      retryAfterMs: 1_000,
    });
  }
}
