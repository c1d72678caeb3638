/**
 * More bugs on purpose: of the host (its store, its clock, its hold on the disk) and of the calls
 * that leave it. Each is tied to the oracle that must notice it.
 */
import { crc32 } from 'node:zlib';
import type { CommitOutcome } from '../../src/store/commit.ts';
import type { Store } from '../../src/store/store.ts';
import type { PlantedBug } from './planted-bugs.ts';
import { answersEarly, rewrites } from './planted-stores.ts';
import { SIM_SAGAS } from './sim-sagas.ts';

export const PLANTED_HOST_BUGS: readonly PlantedBug[] = [
  {
    name: 'a process that lost the database goes on writing',
    oracle: 'one-owner',
    plant: { ignoresOwner: true },
  },
  {
    name: 'an event is answered before it is durable',
    oracle: 'event-once',
    saga: SIM_SAGAS.get('trip'),
    plant: { store: (store) => answersEarly(store, ({ journal }) => journal.cause === 'event') },
  },
  {
    name: 'a dead letter lists nothing as outstanding',
    oracle: 'dead-letter',
    fromSeed: 30,
    plant: {
      store: (store) =>
        rewrites(store, ({ deadLetter, ...commit }) => ({
          ...commit,
          deadLetter:
            deadLetter?.letter === undefined || deadLetter.letter === null
              ? deadLetter
              : {
                  ...deadLetter,
                  letter: deadLetter.letter.replace(/"outstanding":\[.*?\]/, '"outstanding":[]'),
                },
        })),
    },
  },
  {
    name: 'an attempt is given half of its time',
    oracle: 'timer-early',
    plant: {
      clock: (clock) => ({
        nowMs: () => clock.nowMs(),
        after: (delayMs, run) => clock.after(delayMs / 2, run),
      }),
    },
  },
  {
    name: 'a process sleeps three times too long',
    oracle: 'timer-late',
    fromSeed: 20,
    plant: {
      clock: (clock) => ({
        nowMs: () => clock.nowMs(),
        after: (delayMs, run) => clock.after(delayMs + 10_000, run),
      }),
    },
  },
  {
    name: 'a snapshot forgets that a step may have happened',
    oracle: 'replay',
    plant: {
      store: (store) =>
        rewrites(store, ({ saga, ...commit }) => {
          const state = saga.state.replaceAll(',"mayHaveHappened":true', '');
          return { ...commit, saga: { ...saga, state, checksum: crc32(state) } };
        }),
    },
  },
  {
    name: 'a refund is reported as done and never made',
    oracle: 'all-or-nothing',
    fromSeed: 30,
    plant: {
      ops: (op) => (op.kind === 'undo' && op.step === 'processPayment' ? [] : [op]),
    },
  },
  {
    name: 'a step is reported as done and never made',
    oracle: 'all-or-nothing',
    plant: { ops: (op) => (op.kind === 'apply' && op.step === 'processPayment' ? [] : [op]) },
  },
  {
    name: 'a compensation names a key of its own instead of that of its step',
    oracle: 'all-or-nothing',
    plant: {
      ops: (op) => [op.kind === 'undo' ? { ...op, key: op.key.replace('forward', 'back') } : op],
    },
  },
  {
    name: 'a start is accepted and never written',
    oracle: 'answer-durable',
    plant: { store: losesStarts },
  },
  {
    name: 'a note is published and never written',
    oracle: 'feed',
    plant: {
      store: (store) => ({
        ...store,
        commit: (commit) =>
          commit.journal.kind === 'note' ? neverWritten(store) : store.commit(commit),
      }),
    },
  },
];

async function neverWritten(store: Store): Promise<CommitOutcome> {
  return { kind: 'committed', seq: (await store.own()).lastSeq + 1 };
}

function losesStarts(store: Store): Store {
  return {
    ...store,
    commit: (commit) => (commit.birth === null ? store.commit(commit) : neverWritten(store)),
  };
}
