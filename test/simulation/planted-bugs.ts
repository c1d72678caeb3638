/**
 * Bugs on purpose, each with the oracle that must notice it: the oracles are tested too.
 *
 * Every bug takes the place of an honest part from outside; the product's code is never touched.
 */
import { crc32 } from 'node:zlib';
import { PermanentError, TransientError } from '../../src/core/failure.ts';
import type { Store } from '../../src/store/store.ts';
import type { Plant } from './plant.ts';
import { answersEarly, rewrites } from './planted-stores.ts';
import { forwardOrder, shrugsOffFailedCompensation, unheld } from './redrawn.ts';
import type { SimSaga } from './sim-saga.ts';
import { ORDER } from './sim-sagas.ts';
import type { OracleName } from './violation.ts';

export interface PlantedBug {
  readonly name: string;
  readonly oracle: OracleName;
  readonly plant: Plant;
  /** Where to begin to look for a bug that shows in one run of hundreds. Default 1. */
  readonly fromSeed?: number;
  /** The saga to show it on. Default: the order. */
  readonly saga?: SimSaga | undefined;
}

/** How far ahead of the wall clock the process of a planted bug believes to be. */
const AHEAD_MS = 10_000;

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: 'the idempotency key has the attempt number in it',
    oracle: 'one-key',
    plant: {
      ops: (op, { attempt }) =>
        op.kind === 'apply' ? [{ ...op, key: `${op.key}#${attempt}` }] : [op],
    },
  },
  {
    name: 'an activity is dispatched twice, the second time under a new key',
    oracle: 'one-key',
    plant: { ops: (op) => [op, { ...op, key: `${op.key}/again` }] },
  },
  {
    name: 'an effect starts before the commit of its intent',
    oracle: 'intent-first',
    plant: { store: (store) => answersEarly(store, (commit) => commit.birth === null) },
  },
  {
    name: 'a start is answered before it is durable',
    oracle: 'answer-durable',
    plant: { store: (store) => answersEarly(store, (commit) => commit.birth !== null) },
  },
  {
    name: 'an ambiguous failure is taken for a refusal, so its step is skipped',
    oracle: 'all-or-nothing',
    plant: {
      thrown: (error) =>
        error instanceof PermanentError || error instanceof TransientError
          ? error
          : new PermanentError('skipped', 'surely nothing happened'),
    },
  },
  {
    name: 'steps are compensated in the order they were started in',
    oracle: 'undo-order',
    plant: { definition: forwardOrder(ORDER.definition) },
  },
  {
    name: 'a compensation that failed for good is shown as compensated',
    oracle: 'all-or-nothing',
    fromSeed: 50,
    plant: { definition: unheld(shrugsOffFailedCompensation(ORDER.definition)) },
  },
  {
    name: 'a compensation of what never happened leaves no fence',
    oracle: 'all-or-nothing',
    fromSeed: 90,
    plant: { manners: { fences: false } },
  },
  {
    name: 'money of a charge that came after its refund is not given back',
    oracle: 'money',
    plant: { manners: { fences: false } },
    fromSeed: 440,
  },
  {
    name: 'a participant charges again for the same key',
    oracle: 'single-charge',
    plant: { manners: { remembers: false } },
  },
  {
    name: 'a participant takes back again for the same key',
    oracle: 'stock',
    plant: { manners: { undoesOnce: false } },
  },
  {
    name: 'a load starts the timers anew',
    oracle: 'timer-kept',
    plant: { store: restartsTimers },
  },
  {
    name: 'the process believes that it is later than it is',
    oracle: 'timer-early',
    plant: {
      clock: (clock) => ({
        nowMs: () => clock.nowMs() + AHEAD_MS,
        after: (delayMs, run) => clock.after(delayMs, run),
      }),
    },
  },
  {
    name: 'a restart arms its timers too late',
    oracle: 'timer-late',
    fromSeed: 260,
    plant: {
      store: (store) => ({
        ...store,
        wakes: async (untilMs, after, limit) => {
          const wakes = await store.wakes(untilMs, after, limit);
          return wakes.map(({ sid, wakeAtMs }) => ({
            sid,
            wakeAtMs: wakeAtMs === 0 ? 0 : wakeAtMs + AHEAD_MS,
          }));
        },
      }),
    },
  },
  {
    name: 'a late result makes a transition',
    oracle: 'late-is-note',
    plant: {
      store: (store) =>
        rewrites(store, ({ journal, ...commit }) =>
          journal.cause === 'result'
            ? { ...commit, journal: { ...journal, kind: 'transition' } }
            : { ...commit, journal },
        ),
    },
  },
  {
    name: 'what was in flight is forgotten at a crash',
    oracle: 'liveness',
    plant: {
      store: (store) =>
        rewrites(store, ({ saga, ...commit }) => ({
          ...commit,
          saga: { ...saga, wakeAtMs: saga.wakeAtMs === 0 ? null : saga.wakeAtMs },
        })),
    },
  },
  {
    name: 'the start key is ignored',
    oracle: 'start-key',
    plant: {
      store: (store) =>
        rewrites(store, ({ birth, ...commit }) => ({
          ...commit,
          birth: birth === null ? null : { ...birth, key: null, inputHash: null },
        })),
    },
  },
  {
    name: 'a start under a known key is refused, whatever its input',
    oracle: 'accepted-kept',
    plant: {
      store: (store) => ({
        ...store,
        commit: async (commit) => {
          const outcome = await store.commit(commit);
          return outcome.kind === 'key-taken' ? { ...outcome, inputHash: '' } : outcome;
        },
      }),
    },
  },
  {
    name: 'a version is skipped',
    oracle: 'version-step',
    plant: {
      store: (store) =>
        rewrites(store, ({ saga, ...commit }) => ({
          ...commit,
          saga: { ...saga, seq: saga.seq + 1 },
        })),
    },
  },
  {
    name: 'the journal loses what an activity returned',
    oracle: 'replay',
    plant: {
      store: (store) =>
        rewrites(store, ({ journal, ...commit }) => ({
          ...commit,
          journal: { ...journal, data: journal.data.replace(/"output":\{.*?\}/, '"output":null') },
        })),
    },
  },
  {
    name: 'the feed counts past a line',
    oracle: 'feed',
    plant: {
      store: (store) => ({
        ...store,
        commit: async (commit) => {
          const outcome = await store.commit(commit);
          const isSkipped = outcome.kind === 'committed' && commit.birth !== null;
          return isSkipped ? { ...outcome, seq: outcome.seq + 1 } : outcome;
        },
      }),
    },
  },
  {
    name: 'an emitted event is dropped',
    oracle: 'event-delivered',
    plant: { store: (store) => rewrites(store, (commit) => ({ ...commit, outbox: [] })) },
  },
  {
    name: 'no dead letter is written',
    oracle: 'dead-letter',
    fromSeed: 30,
    plant: { store: (store) => rewrites(store, (commit) => ({ ...commit, deadLetter: null })) },
  },
  {
    name: 'an operator cannot retry what was given up on',
    oracle: 'repair',
    fromSeed: 30,
    plant: {
      store: (store) => ({
        ...store,
        commit: async (commit) =>
          commit.audit?.command === 'retry'
            ? { kind: 'rejected', message: 'not today' }
            : store.commit(commit),
      }),
    },
  },
];

/** Every load gives each timer another minute. */
function restartsTimers(store: Store): Store {
  return {
    ...store,
    loadBySid: async (sid) => {
      const stored = await store.loadBySid(sid);
      if (stored === null) return null;
      const state = stored.state.replace(/"dueMs":(\d+)/g, (_, dueMs: string) => {
        return `"dueMs":${Number(dueMs) + 60_000}`;
      });
      return { ...stored, state, checksum: crc32(state) };
    },
  };
}
