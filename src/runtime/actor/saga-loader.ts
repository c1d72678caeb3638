/**
 * Loads sagas that are not in memory: a bounded number at once, patient with a store that is busy.
 *
 * A load is only ever given up for good: the saga's state is unreadable, it does not exist, or the
 * engine stops. A read that took too long or found no room is tried again, because what waits for
 * the saga (a result, a timer) would otherwise be lost until the next restart.
 */
import { crc32 } from 'node:zlib';
import { BackstepError, isPassing } from '../../core/errors.ts';
import { type Failure, failureOfText } from '../../core/failure.ts';
import { delayAfterMs, exponential } from '../../core/retry-policy.ts';
import type { Store, StoredSaga } from '../../store/store.ts';
import { AtMost } from '../../host/at-most.ts';
import type { Clock } from '../../host/clock.ts';
import type { Registry } from '../../host/registry.ts';
import type { TurnLog } from '../../host/turn-log.ts';
import { type LoadedSaga, openStored } from '../../host/versions/open-stored.ts';

/** Loads under way at once. */
const MAX_LOADS = 64;
/** Versions and reasons that are told of. */
const MAX_TOLD = 1_000;
const RETRY = exponential({ first: '50ms', max: '2s', attempts: 10 });

/** A saga in memory. */
export interface ActorSaga extends LoadedSaga {
  /** When it was started, milliseconds since 1970. */
  readonly startedAtMs: number;
}

export class SagaLoader {
  readonly #store: Pick<Store, 'loadBySid' | 'upkeep'>;
  readonly #registry: Registry;
  readonly #clock: Clock;
  readonly #log: TurnLog;
  readonly #lane = new AtMost(MAX_LOADS);
  readonly #pauses = new Set<() => void>();
  readonly #told = new Set<string>();
  #isClosed = false;

  constructor(
    store: Pick<Store, 'loadBySid' | 'upkeep'>,
    registry: Registry,
    clock: Clock,
    log: TurnLog,
  ) {
    this.#store = store;
    this.#registry = registry;
    this.#clock = clock;
    this.#log = log;
  }

  /** Loads that run or wait. */
  get backlog(): number {
    return this.#lane.backlog;
  }

  /** From now on a load that fails is not tried again. */
  close(): void {
    this.#isClosed = true;
    for (const endPause of this.#pauses) endPause();
  }

  /** Throws `not-found`, `state-unreadable`, or what the store threw once it is closed. */
  load(sid: number): Promise<ActorSaga> {
    return this.#patiently(sid, () => this.#loadOnce(sid));
  }

  /** The row, whatever is registered; `null`: there is none. Throws what a closed store throws. */
  stored(sid: number): Promise<StoredSaga | null> {
    return this.#patiently(sid, () => this.#store.loadBySid(sid));
  }

  #patiently<Read>(sid: number, read: () => Promise<Read>): Promise<Read> {
    return this.#lane.run(async () => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await read();
        } catch (error) {
          if (this.#isClosed || !isPassing(error)) throw error;
          this.#log.loadDelayed(sid, attempt, error);
          await this.#pause(delayAfterMs(RETRY, Math.min(attempt, RETRY.attempts), `${sid}`));
        }
      }
    });
  }

  async #loadOnce(sid: number): Promise<ActorSaga> {
    const stored = await this.#store.loadBySid(sid);
    if (stored === null) throw new BackstepError('not-found', `no saga with sid ${sid}`);
    if (crc32(stored.state) !== stored.checksum) {
      const message = `saga ${stored.id}: stored state does not match its checksum`;
      throw new BackstepError('state-unreadable', message);
    }
    const parkFailure = await this.#parkFailureOf(stored);
    const { stays, ...saga } = openStored(this.#registry, stored, this.#clock.nowMs(), parkFailure);
    this.#tellOfVersion(stored, saga, stays);
    return { ...saga, startedAtMs: stored.createdAtMs };
  }

  #tellOfVersion(
    { id, type, version, definitionHash }: StoredSaga,
    { registration: { definition }, migration }: LoadedSaga,
    stays: BackstepError | null,
  ): void {
    if (migration !== undefined && migration.from === migration.to) {
      const edited = `${definition.hash} ${definitionHash}`;
      this.#tellOnce(edited, () => this.#log.definitionEdited(definition, definitionHash));
    }
    if (stays !== null) {
      const what = `${type}@${version} ${stays.message}`;
      this.#tellOnce(what, () => this.#log.notMigrated(id, stays));
    }
  }

  // One line of the log for all sagas with the same reason.
  #tellOnce(what: string, tell: () => void): void {
    if (this.#told.has(what) || this.#told.size >= MAX_TOLD) return;
    this.#told.add(what);
    tell();
  }

  // One that was moved away is `terminated`; what else is has an error of another kind, or none.
  async #parkFailureOf({ sid, status }: StoredSaga): Promise<Failure | null> {
    if (status !== 'parked' && status !== 'terminated') return null;
    const error = await this.#store.upkeep.errorOf(sid);
    return error === null ? null : failureOfText(error);
  }

  async #pause(delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#clock.after(delayMs, resolve);
    this.#pauses.add(resolve);
    await promise;
    this.#pauses.delete(resolve);
    cancel();
  }
}
