/**
 * The control connection: a standby watches the owner over it, an owner beats over it and holds the
 * advisory lock that tells its death from its silence.
 *
 * Gives speed, not safety: safe is the epoch that every batch checks. Invariant: silence counts by
 * the server's clock and only while this session is up, so that a restart of the server is not
 * taken for the death of the owner.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { toFailure } from '../../../core/failure.ts';
import { connect, type PostgresConnection } from '../connection/connection.ts';
import { toFault } from '../connection/fault.ts';
import type { Instance, OwnershipQueries, OwnerSight } from './ownership.ts';
import type { PostgresTimings } from './timings.ts';

/** Clocks that differ by so much are told; timers are due by the clock of this machine. */
const SKEW_WARNED_MS = 1_000;
/** With such a clock nobody becomes owner. */
const SKEW_REFUSED_MS = 10_000;

export interface OwnerWatchOptions {
  readonly url: string;
  readonly me: Instance;
  readonly queries: OwnershipQueries;
  readonly timings: PostgresTimings;
  readonly nowMs: () => number;
  readonly onWarning: (text: string) => void;
  /** Somebody else took the database over. */
  readonly onTaken: () => void;
}

/** Names of the sessions of one instance, as they are found again. */
export function sessionNames(instanceId: string): { writer: string; control: string } {
  return { writer: `backstep-writer-${instanceId}`, control: `backstep-control-${instanceId}` };
}

export class OwnerWatch {
  readonly #options: OwnerWatchOptions;
  readonly #stopped = new AbortController();
  #connection: PostgresConnection | null = null;
  #connectedAtMs = 0;
  #hasLock = false;
  #hasWarned = false;
  /** Whether waiting keeps the process. */
  #isHolding = true;
  #lastWarning = '';

  constructor(options: OwnerWatchOptions) {
    this.#options = options;
  }

  /** The first connection. Throws when it cannot be had. */
  async open(): Promise<void> {
    await this.#connected();
  }

  /**
   * Resolves with the owner that is to be taken over from, `null` when stopped. `onOwner` is told
   * whenever another one is seen.
   */
  async untilFree(onOwner: (label: string | null) => void): Promise<OwnerSight | null> {
    const { pollEveryMs, firstReconnectMs } = this.#options.timings;
    let seen: string | null | undefined;
    while (!this.#stopped.signal.aborted) {
      let delayMs = pollEveryMs;
      try {
        const sight = await this.#look();
        if (await this.#isFree(sight)) return sight;
        if (sight.instance !== seen) onOwner(sight.label);
        seen = sight.instance;
      } catch (thrown) {
        // Whatever it was: a server that is away or starting, or rights that a person must mend.
        this.#warnOnce(toFailure(thrown).message);
        this.#drop();
        delayMs = firstReconnectMs;
      }
      await this.#pause(delayMs);
    }
    return null;
  }

  /** Beats until it is stopped or the database is somebody else's. */
  async beat(): Promise<void> {
    const { beatEveryMs, firstReconnectMs } = this.#options.timings;
    while (!this.#stopped.signal.aborted) {
      let delayMs = beatEveryMs;
      try {
        if (!(await this.#beatOnce())) return this.#options.onTaken();
      } catch {
        // Whatever it was: the writer's own connection says what matters.
        this.#drop();
        delayMs = firstReconnectMs;
      }
      await this.#pause(delayMs);
    }
  }

  /** From now on the process may end while this waits. */
  release(): void {
    this.#isHolding = false;
    this.#connection?.unref();
  }

  stop(): void {
    this.#stopped.abort();
    this.#drop();
  }

  async #look(): Promise<OwnerSight> {
    const connection = await this.#connected();
    const beforeMs = this.#options.nowMs();
    const sight = await this.#options.queries.look(connection.pipeline);
    this.#compare(sight.serverMs, beforeMs);
    return sight;
  }

  async #isFree(sight: OwnerSight): Promise<boolean> {
    const { me, queries, timings, nowMs } = this.#options;
    const skewMs = Math.abs(sight.serverMs - nowMs());
    if (skewMs > SKEW_REFUSED_MS) return false;
    if (sight.silentMs === null) return true;
    const silentMs = Math.min(sight.silentMs, performance.now() - this.#connectedAtMs);
    if (silentMs <= timings.deadAfterMs) return false;
    const { pipeline } = await this.#connected();
    this.#hasLock ||= await queries.tryLock(pipeline);
    if (this.#hasLock) return true;
    if (silentMs <= timings.hungAfterMs) return false;
    const names = sessionNames(sight.instance ?? me.id);
    try {
      await queries.terminate(pipeline, [names.writer, names.control]);
    } catch (thrown) {
      // Not permitted: what it has begun is undone by the server soon, and the epoch keeps it out.
      if (toFault(thrown).kind === 'lost') throw thrown;
    }
    return true;
  }

  async #beatOnce(): Promise<boolean> {
    const { me, queries, nowMs } = this.#options;
    const { pipeline } = await this.#connected();
    const beforeMs = nowMs();
    const serverMs = await queries.beat(pipeline, me);
    if (serverMs === null) return false;
    this.#compare(serverMs, beforeMs);
    this.#hasLock ||= await queries.tryLock(pipeline);
    return true;
  }

  /** `beforeMs`: our clock before the server was asked. */
  #compare(serverMs: number, beforeMs: number): void {
    const { nowMs, onWarning } = this.#options;
    const skewMs = Math.round(serverMs - (beforeMs + nowMs()) / 2);
    const isOff = Math.abs(skewMs) > SKEW_WARNED_MS;
    if (isOff && !this.#hasWarned) {
      const refused = Math.abs(skewMs) > SKEW_REFUSED_MS ? '; it does not become owner so' : '';
      onWarning(`this machine's clock is ${-skewMs} ms ahead of the database's${refused}`);
    }
    this.#hasWarned = isOff;
  }

  #warnOnce(text: string): void {
    if (text === this.#lastWarning || this.#stopped.signal.aborted) return;
    this.#lastWarning = text;
    this.#options.onWarning(`the database cannot be watched: ${text}`);
  }

  async #connected(): Promise<PostgresConnection> {
    if (this.#connection !== null) return this.#connection;
    const { url, me, timings } = this.#options;
    const connection: PostgresConnection = await connect(url, {
      applicationName: sessionNames(me.id).control,
      settings: { default_transaction_read_only: 'off', lock_timeout: '1s' },
      answerLimitMs: timings.answerLimitMs,
      onLost: () => this.#forget(connection),
    });
    if (this.#stopped.signal.aborted) connection.destroy();
    if (!this.#isHolding) connection.unref();
    this.#connection = connection;
    this.#connectedAtMs = performance.now();
    return connection;
  }

  #forget(connection: PostgresConnection): void {
    if (this.#connection !== connection) return;
    this.#connection = null;
    this.#hasLock = false;
  }

  #drop(): void {
    const connection = this.#connection;
    this.#connection = null;
    this.#hasLock = false;
    connection?.destroy();
  }

  async #pause(delayMs: number): Promise<void> {
    const { signal } = this.#stopped;
    await pause(delayMs, undefined, { ref: this.#isHolding, signal }).catch(() => {}); // stopped meanwhile
  }
}
