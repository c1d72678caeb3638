/**
 * Stores that lie, as planted bugs put them in the place of an honest one.
 */
import type { SagaCommit } from '../../src/store/commit.ts';
import type { Store } from '../../src/store/store.ts';

/** A store that commits something else than it was given. */
export function rewrites(store: Store, change: (commit: SagaCommit) => SagaCommit): Store {
  return { ...store, commit: (commit) => store.commit(change(commit)) };
}

/** Never answers chosen commits, nor writes them. */
export function standsStill(store: Store, isChosen: (commit: SagaCommit) => boolean): Store {
  return {
    ...store,
    commit: (commit) => (isChosen(commit) ? new Promise(() => {}) : store.commit(commit)),
  };
}

/** Answers chosen commits at once, with the seq that they will probably get. */
export function answersEarly(store: Store, isChosen: (commit: SagaCommit) => boolean): Store {
  let seq = 0;
  return {
    ...store,
    own: async () => {
      const ownership = await store.own();
      seq = ownership.lastSeq;
      return ownership;
    },
    commit: (commit) => {
      seq += 1;
      const real = store.commit(commit);
      if (!isChosen(commit)) return real;
      real.catch(() => {}); // the liar does not look
      return Promise.resolve({ kind: 'committed', seq });
    },
  };
}
