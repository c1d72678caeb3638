/**
 * Loads sagas that are not in memory: a bounded number at once, patient with a store that is busy.
 *
 * A load is only ever given up for good: the saga's state is unreadable, it does not exist, or the
 * engine stops. A read that took too long or found no room is tried again, because what waits for
 * the saga (a result, a timer) would otherwise be lost until the next restart.
 */
import { crc32 } from 'node:zlib';
import { decodeState, parseStored, type StoredState } from '../core/codec.ts';
import { BackstepError } from '../core/errors.ts';
import { migrationOf, migrationTurn } from '../core/migration.ts';
import { delayAfterMs, exponential } from '../core/retry-policy.ts';
import { isEnded } from '../core/status.ts';
import { parkedAsItWas } from '../core/unreadable.ts';
import type { Store, StoredSaga } from '../store/store.ts';
import type { Clock } from './clock.ts';
import type { Registry } from './registry.ts';
import type { LoadedSaga } from './actor-host.ts';
import type { TurnLog } from './turn-log.ts';

/** Loads under way at once. */
const MAX_LOADS = 64;
const RETRY = exponential({ first: '50ms', max: '2s', attempts: 10 });

export class SagaLoader {
  readonly #store: Pick<Store, 'loadBySid'>;
  readonly #registry: Registry;
  readonly #clock: Clock;
  readonly #log: TurnLog;
  readonly #waiting: (() => void)[] = [];
  readonly #pauses = new Set<() => void>();
  #underWay = 0;
  #isClosed = false;

  constructor(store: Pick<Store, 'loadBySid'>, registry: Registry, clock: Clock, log: TurnLog) {
    this.#store = store;
    this.#registry = registry;
    this.#clock = clock;
    this.#log = log;
  }

  /** Loads that run or wait. */
  get backlog(): number {
    return this.#underWay + this.#waiting.length;
  }

  /** From now on a load that fails is not tried again. */
  close(): void {
    this.#isClosed = true;
    for (const endPause of this.#pauses) endPause();
  }

  /** Throws `not-found`, `state-unreadable`, or what the store threw once it is closed. */
  async load(sid: number): Promise<LoadedSaga> {
    if (this.#underWay >= MAX_LOADS) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#underWay += 1;
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          return await this.#loadOnce(sid);
        } catch (error) {
          if (this.#isClosed || !isPassing(error)) throw error;
          this.#log.loadDelayed(sid, attempt, error);
          await this.#pause(delayAfterMs(RETRY, Math.min(attempt, RETRY.attempts), `${sid}`));
        }
      }
    } finally {
      this.#underWay -= 1;
      this.#waiting.shift()?.();
    }
  }

  async #loadOnce(sid: number): Promise<LoadedSaga> {
    const stored = await this.#store.loadBySid(sid);
    if (stored === null) throw new BackstepError('not-found', `no saga with sid ${sid}`);
    if (crc32(stored.state) !== stored.checksum) {
      const message = `saga ${stored.id}: stored state does not match its checksum`;
      throw new BackstepError('state-unreadable', message);
    }
    const migrated = this.#migrated(stored);
    if (migrated !== null) return migrated;
    const registration = this.#registry.version(stored.type, stored.version);
    if (registration.definition.hash !== stored.definitionHash) {
      this.#log.definitionEdited(stored.id, registration.definition);
    }
    const state = decodeState(registration.definition, stored.id, stored.state, stored.format);
    const isParkedByRow = stored.status === 'parked' && state.status !== 'parked';
    return {
      registration,
      state: isParkedByRow ? parkedAsItWas(state, stored.seq) : { ...state, seq: stored.seq },
    };
  }

  // Tried here, on the state as it is; committed by the saga's actor before its next turn.
  #migrated(stored: StoredSaga): LoadedSaga | null {
    const route = this.#registry.routeFrom(stored.type, stored.version);
    if (route === null || isEnded(stored.status)) return null;
    const parts = parseStored(stored.id, stored.state, stored.format);
    if ((parts.resolution ?? null) !== null) return null; // over, and only looked at
    const { registration, plan } = route;
    const nowMs = this.#clock.nowMs();
    try {
      const migration = migrationOf(plan, { ...stored, parts: asParked(parts, stored) }, nowMs);
      const { state } = migrationTurn(plan.definition, stored.id, migration, nowMs);
      return { registration, state, migration };
    } catch (error) {
      if (!this.#registry.has(stored.type, stored.version)) throw error;
      this.#log.notMigrated(stored.id, error);
      return null;
    }
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

// Only its row says so: with its text migrated, the text has to.
function asParked(parts: StoredState, { id, status }: StoredSaga): StoredState {
  if (status !== 'parked' || parts.status === 'parked') return parts;
  const message = `saga ${id} was parked before it was migrated`;
  const parkReason = { code: 'version-missing', message, retryable: false, ambiguous: false };
  return { ...parts, status: 'parked', parkReason };
}

/** True for a refusal that time mends: the read was too slow, or there was no room for it. */
export function isPassing(error: unknown): boolean {
  return (
    error instanceof BackstepError && (error.code === 'unavailable' || error.code === 'overloaded')
  );
}
