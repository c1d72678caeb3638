/**
 * The turns of one saga for whoever waits from now on, where the projection may be behind: those
 * that were taken before are not told.
 *
 * Invariant: what is written before it is known which turn is the present one is held, not lost.
 */
import type { SagaState } from '../../core/state.ts';
import type { SagaNews, SagaWatchers } from '../../host/saga-watchers.ts';

export class TurnsFromNow {
  readonly #watchers: Pick<SagaWatchers, 'add'>;
  #held: SagaNews[] = [];
  /** `null`: not known yet. */
  #fromSeq: number | null = null;

  constructor(watchers: Pick<SagaWatchers, 'add'>) {
    this.#watchers = watchers;
  }

  /** See `SagaWatchers.add`. */
  readonly add: SagaWatchers['add'] = (sagaId, watcher) =>
    this.#watchers.add(sagaId, {
      ...watcher,
      hear: (news) => {
        if (this.#fromSeq === null) this.#held.push(news);
        else if (news.entry.sagaSeq >= this.#fromSeq) watcher.hear(news);
      },
    });

  /** Tells turns from that one on: gives the states of those that were held. */
  from(seq: number): readonly SagaState[] {
    this.#fromSeq = seq;
    const held = this.#held;
    this.#held = [];
    return held.flatMap(({ entry, after }) =>
      entry.sagaSeq < seq || after === null ? [] : [after],
    );
  }
}
