/**
 * What this process was told that sagas have taken, until the projection has it as well.
 *
 * So whoever was answered an order, and then looks at that saga here, sees what came of the order.
 * What others were told is not known: such looks may be older.
 */
import { isSettled } from '../../core/status.ts';
import { type Clock, orAfter } from '../../host/clock.ts';
import type { Unsettled } from '../../host/outcome.ts';
import type { StartStatus } from '../../host/saga-handle.ts';
import type { ReadModels } from '../../store/read-models.ts';
import type { Store } from '../../store/store.ts';

/** Sagas that are remembered; beyond it looks may be older. */
const MAX_SAGAS = 10_000;
/** A look waits for the projection, which may be away from Restate for hours, for so long. */
const LOOK_EVERY_MS = 250;
const MAX_LOOKS = 8;

/** Where a saga stood after a turn, as Restate told. */
interface Standing {
  readonly seq: number;
  readonly status: StartStatus;
}

interface Told extends Standing {
  readonly written: PromiseWithResolvers<void>;
}

export class OwnTurns {
  readonly #clock: Clock;
  readonly #store: Pick<Store, 'sidOf' | 'loadBySid'>;
  /** Those heard of last at the end. */
  readonly #told = new Map<string, Told>();

  constructor(clock: Clock, store: Pick<Store, 'sidOf' | 'loadBySid'>) {
    this.#clock = clock;
    this.#store = store;
  }

  /** Restate says that the saga has taken that turn. */
  told(sagaId: string, { seq, status }: Standing): void {
    const before = this.#told.get(sagaId);
    if (before !== undefined && before.seq >= seq) return;
    this.#told.delete(sagaId);
    // Who waits for an earlier turn waits for this one too.
    const written = before?.written ?? Promise.withResolvers<void>();
    this.#told.set(sagaId, { seq, status, written });
    const [first] = this.#told.keys();
    if (this.#told.size > MAX_SAGAS && first !== undefined) this.#forget(first);
  }

  /** The projection has that turn. */
  written(sagaId: string, seq: number): void {
    const told = this.#told.get(sagaId);
    if (told !== undefined && told.seq <= seq) this.#forget(sagaId);
  }

  /**
   * Where the saga stands after the last turn that was told of it, as far as one says that it is not
   * settled; `null`: the projection, which has its turns up to `storedSeq`, has that one too.
   */
  last(sagaId: string, storedSeq: number): Unsettled['status'] | null {
    // A turn may be written before Restate's answer is here.
    this.written(sagaId, storedSeq);
    const told = this.#told.get(sagaId);
    return told === undefined ? null : unsettled(told.status);
  }

  /** Resolves once the projection has what was told of the saga, or after a while. */
  async whenWritten(sagaId: string): Promise<void> {
    for (let looks = 0; looks < MAX_LOOKS; looks += 1) {
      const told = this.#told.get(sagaId);
      if (told === undefined) return;
      const sid = await this.#store.sidOf(sagaId);
      const row = sid === null ? null : await this.#store.loadBySid(sid);
      if (this.last(sagaId, row?.seq ?? 0) === null) return;
      // Where another process writes the projection nobody tells of it here.
      await orAfter(this.#clock, told.written.promise, LOOK_EVERY_MS);
    }
  }

  #forget(sagaId: string): void {
    this.#told.get(sagaId)?.written.resolve();
    this.#told.delete(sagaId);
  }
}

/** What is said of a saga until the projection has the turn that settled it. */
export function unsettled(status: StartStatus): Unsettled['status'] {
  return status === 'removed' || isSettled(status) ? 'running' : status;
}

/** Looks at one saga, each of which waits for what this process was told of it; lists do not. */
export function freshReads(read: ReadModels, own: OwnTurns): ReadModels {
  const fresh =
    <More extends unknown[], Found>(look: (id: string, ...more: More) => Promise<Found>) =>
    async (id: string, ...more: More): Promise<Found> => {
      await own.whenWritten(id);
      return look(id, ...more);
    };
  return {
    ...read,
    saga: fresh(read.saga),
    transitions: fresh(read.transitions),
    notes: fresh(read.notes),
    audit: fresh(read.audit),
    pendingStart: fresh(read.pendingStart),
  };
}
