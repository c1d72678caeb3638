/**
 * Places for sagas of a type that may only run so many at once: hands them out first come, first
 * served, and again as sagas settle.
 *
 * The queue itself is in the store; here are only counts. Invariant: between turns, places taken =
 * sagas of the type that have begun and not settled. One that needs a person holds no place, and
 * may go on above the limit once it was mended. Child sagas never wait: their parent holds a place
 * that would not come free before they are over.
 */
import { BackstepError } from '../../core/errors.ts';
import type { SagaState } from '../../core/state.ts';
import { isSettled } from '../../core/status.ts';
import { isUnstarted, pendingStartOf, storedPlaceOf } from '../../core/turn/waiting-room.ts';
import type { StartReads } from '../../store/queries/start-reads.ts';
import type { StoredSaga } from '../../store/store.ts';
import type { Concurrency, StartQueueFigures } from '../../host/backstep.ts';

/** Starts waiting for a place unless told otherwise; past it they are refused. */
const DEFAULT_MAX_QUEUED = 100_000;
/** Sagas let in at once. */
const PAGE_SIZE = 256;
const RETRY_MS = 500;

/** What this needs of the engine. */
export interface StartQueuePorts {
  readonly reads: StartReads;
  /** Tells a saga that it may begin. */
  admit(sid: number): void;
  later(delayMs: number, run: () => void): void;
  onError(error: unknown): void;
}

/** A place that was asked for. */
export interface Place {
  /** True: there is none yet, the saga has to wait in the queue. */
  readonly isQueued: boolean;
  /** The start is through. `isNew`: its saga is there now, and was not before. */
  settle(isNew: boolean): void;
}

interface Gate {
  limit: number;
  maxQueued: number;
  active: number;
  queued: number;
  /** Starts under way that begin at once. */
  entering: number;
  /** Starts under way that have to wait in the queue. */
  joining: number;
  /** Told that they may begin, and not begun yet. */
  readonly admitting: Set<number>;
  isPumping: boolean;
}

export class StartQueue {
  readonly #ports: StartQueuePorts;
  readonly #gates = new Map<string, Gate>();
  #isOpen = false;

  constructor(ports: StartQueuePorts) {
    this.#ports = ports;
  }

  /**
   * Reads how a type is to be bounded; it is once the function that comes back is called, which
   * replaces an earlier bound. Throws `definition-invalid`, also after `open`.
   */
  bound(type: string, concurrency: Concurrency): () => void {
    const { limit, maxQueued = DEFAULT_MAX_QUEUED } =
      typeof concurrency === 'number' ? { limit: concurrency } : concurrency;
    for (const [name, value, least] of [
      ['limit', limit, 1],
      ['maxQueued', maxQueued, 0],
    ] as const) {
      if (Number.isInteger(value) && value >= least) continue;
      throw new BackstepError(
        'definition-invalid',
        `saga "${type}": concurrency ${name} is ${value}; give a whole number from ${least}`,
      );
    }
    if (this.#isOpen) {
      const message = `saga "${type}": register it with concurrency before start()`;
      throw new BackstepError('definition-invalid', message);
    }
    return () => void this.#gates.set(type, newGate(limit, maxQueued));
  }

  /** Counts what an earlier process left. `types`: what is registered. */
  async recover(types: ReadonlySet<string>): Promise<void> {
    for (const { type, queued } of await this.#ports.reads.queues()) {
      if (queued > 0 && types.has(type) && !this.#gates.has(type)) this.#letIn(type);
    }
    for (const [type, gate] of this.#gates) {
      Object.assign(gate, await this.#ports.reads.counts(type));
    }
  }

  /** From now on what waits is let in. */
  open(): void {
    this.#isOpen = true;
    for (const [type, gate] of this.#gates) void this.#pump(type, gate);
  }

  close(): void {
    this.#isOpen = false;
  }

  isBounded(type: string): boolean {
    const gate = this.#gates.get(type);
    return gate !== undefined && gate.limit !== Infinity;
  }

  /** Asks for a place; `null`: the type is not bounded. Throws `overloaded`: the queue is full. */
  enter(type: string): Place | null {
    const gate = this.#gates.get(type);
    if (gate === undefined || gate.limit === Infinity) return null;
    const waiting = gate.queued + gate.joining;
    const isQueued = waiting > 0 || freePlaces(gate) <= 0;
    if (isQueued && waiting >= gate.maxQueued) {
      const message = `${waiting} sagas of type "${type}" wait for a place; try again later`;
      throw new BackstepError('overloaded', message, { retryAfterMs: 5_000 });
    }
    if (isQueued) {
      gate.joining += 1;
      // With its first turn it was counted as one that waits, see `changed`.
      return { isQueued, settle: (isNew) => void (gate.joining -= Number(!isNew)) };
    }
    gate.entering += 1;
    return {
      isQueued,
      settle: () => {
        gate.entering -= 1;
        void this.#pump(type, gate);
      },
    };
  }

  /** After each durable turn. */
  changed(type: string, sid: number, before: SagaState | null, after: SagaState): void {
    const isQueued = isInQueue(after);
    const gate = this.#gates.get(type) ?? (isQueued ? this.#letIn(type) : undefined);
    if (gate === undefined) return;
    gate.active += Number(hasPlace(after)) - Number(before !== null && hasPlace(before));
    gate.queued += Number(isQueued) - Number(before !== null && isInQueue(before));
    gate.joining -= Number(isQueued && before === null);
    if (!isQueued) gate.admitting.delete(sid);
    void this.#pump(type, gate);
  }

  /**
   * After a saga was parked whose state could not be read: it holds nothing any more. One that was
   * parked before may have been let in at that moment.
   */
  parked({ type, sid, status, state }: StoredSaga): void {
    const gate = this.#gates.get(type);
    if (gate === undefined) return;
    const isAdmitted = gate.admitting.delete(sid);
    if (isSettled(status)) return void this.#pump(type, gate);
    const place = storedPlaceOf(state) ?? (isAdmitted ? 'queued' : 'begun');
    if (place === 'queued') gate.queued -= 1;
    if (place === 'begun') gate.active -= 1;
    void this.#pump(type, gate);
  }

  /** Where a bounded type stands; `null` for any other. */
  figures(type: string): StartQueueFigures | null {
    const gate = this.#gates.get(type);
    if (gate === undefined || gate.limit === Infinity) return null;
    const { limit, maxQueued, active, queued } = gate;
    return { limit, maxQueued, active, queued };
  }

  // Lets in sagas that were queued under a bound that is no longer registered.
  #letIn(type: string): Gate {
    const gate = newGate(Infinity, 0);
    this.#gates.set(type, gate);
    return gate;
  }

  async #pump(type: string, gate: Gate): Promise<void> {
    if (gate.isPumping) return;
    gate.isPumping = true;
    try {
      while (this.#isOpen && gate.queued > gate.admitting.size && freePlaces(gate) > 0) {
        const wanted = Math.min(freePlaces(gate), PAGE_SIZE);
        const first = await this.#ports.reads.queued(type, gate.admitting.size + wanted);
        const fresh = first.filter((sid) => !gate.admitting.has(sid));
        const admitted = fresh.slice(0, Math.max(0, freePlaces(gate)));
        if (admitted.length === 0) break;
        for (const sid of admitted) {
          gate.admitting.add(sid);
          this.#ports.admit(sid);
        }
      }
    } catch (error) {
      this.#ports.onError(error);
      this.#ports.later(RETRY_MS, () => void this.#pump(type, gate));
    } finally {
      gate.isPumping = false;
    }
  }
}

function newGate(limit: number, maxQueued: number): Gate {
  const admitting = new Set<number>();
  const none = { active: 0, queued: 0, entering: 0, joining: 0 };
  return { limit, maxQueued, ...none, admitting, isPumping: false };
}

function freePlaces({ limit, active, entering, admitting }: Gate): number {
  return limit - active - entering - admitting.size;
}

function hasPlace(state: SagaState): boolean {
  return !isUnstarted(state) && !isSettled(state.status);
}

function isInQueue(state: SagaState): boolean {
  return pendingStartOf(state)?.kind === 'queued';
}
