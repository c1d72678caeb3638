/**
 * The newest turns of all sagas, in memory, for a page that shows them as they commit.
 *
 * A commit costs one slot of a list. Bounded; begins with what the journal has last.
 */
import type { Backstep } from '../../host/backstep.ts';
import type { FeedEntry } from '../../store/read-models.ts';

/** Turns that are kept: what a filter can look through. */
const MAX_TURNS = 1_000;
const READ_SIZE = 200;

/** Which turns to show; all given conditions must hold. */
export interface TurnFilter {
  readonly type: string | null;
  readonly status: string | null;
  /** Part of the saga's id, the event or a state. */
  readonly text: string | null;
}

export class TurnStream {
  readonly #turns: FeedEntry[] = [];
  readonly #past: Promise<void>;
  /** Ends it; what it holds stays. */
  readonly stop: () => void;

  constructor(backstep: Pick<Backstep, 'subscribe' | 'read'>) {
    this.stop = backstep.subscribe((entry) => {
      this.#turns.push(entry);
      if (this.#turns.length > 2 * MAX_TURNS) this.#turns.splice(0, MAX_TURNS);
    });
    this.#past = this.#readPast(backstep).catch(() => undefined); // then it begins empty
  }

  /** The newest first. */
  async newest(filter: TurnFilter, limit: number): Promise<readonly FeedEntry[]> {
    await this.#past;
    const found: FeedEntry[] = [];
    for (let index = this.#turns.length - 1; index >= 0 && found.length < limit; index -= 1) {
      const entry = this.#turns[index];
      if (entry !== undefined && matches(entry, filter)) found.push(entry);
    }
    return found;
  }

  async #readPast({ read }: Pick<Backstep, 'read'>): Promise<void> {
    const last = await read.lastSeq();
    const past = await read.feedAfter(Math.max(0, last - READ_SIZE), READ_SIZE, {});
    const first = this.#turns[0]?.seq ?? Infinity;
    this.#turns.unshift(...past.filter(({ seq }) => seq < first));
  }
}

function matches(entry: FeedEntry, { type, status, text }: TurnFilter): boolean {
  return (
    (type === null || entry.type === type) &&
    (status === null || entry.status === status) &&
    (text === null ||
      [entry.sagaId, entry.event, entry.from ?? '', entry.to].some((part) => part.includes(text)))
  );
}
