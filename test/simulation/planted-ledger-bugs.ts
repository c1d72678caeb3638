/**
 * Bugs on purpose in what is owed, to whom, and with what it is undone, alone and in families. Each
 * is tied to the oracle that must notice it.
 *
 * What is not simulated has its bug planted where it is tried: a step renamed or removed in a saga in
 * flight in runtime/upkeep/edited-sagas.property.test.ts, a clean stop that counts as a crash in
 * runtime/clean-stops.test.ts. What is kept of events is held to the drawing by random walks, in
 * differential/events-ahead.test.ts.
 */
import { groupSaga, guildSaga } from './family-sagas.ts';
import { fittingSaga, instalmentsSaga, legsSaga, parcelsSaga } from './block-sagas.ts';
import type { PlantedBug } from './planted-bugs.ts';
import { rewrites, standsStill } from './planted-stores.ts';
import {
  forgetsWhatIsOwed,
  inPresentRound,
  owesWhatFailed,
  takesSettledForFailed,
  unheld,
} from './redrawn.ts';
import { FITTING, GROUP, GUILD, INSTALMENTS, LEGS, PARCELS, SCOUT } from './sim-sagas.ts';

/** As the engine writes that a child went on past its pivot to an end that a person gave it. */
const SETTLED =
  /("activity":"(?:job|team)","token":\d+,"outcome":)\{"kind":"done","output":null(?:,"gaveUp":\{.*?\})?\}/;

const CERTAIN =
  '{"kind":"failed","failure":{"code":"child-compensated","message":"","retryable":false,"ambiguous":false}}';

/** As the engine writes that a child came to an end of no kind that its saga speaks of. */
const IN_ERROR = /"activity":"brittle","token":\d+,"outcome":.*ended in an error/;

/** As the ledger says that a run was left before it answered. */
const LEFT = '"status":"in_doubt"';

export const PLANTED_LEDGER_BUGS: readonly PlantedBug[] = [
  ...(
    [
      ['one step', INSTALMENTS, instalmentsSaga],
      ['two steps', PARCELS, parcelsSaga],
      ['three steps', LEGS, legsSaga],
    ] as const
  ).map(([steps, saga, definition]): PlantedBug => ({
    name: `in a loop of ${steps} a compensation is given what another round has brought`,
    oracle: 'own-run',
    saga,
    plant: { definition: inPresentRound(definition) },
  })),
  {
    name: 'a step that only failed for certain is compensated',
    oracle: 'undo-of-nothing',
    saga: FITTING,
    plant: { definition: owesWhatFailed(fittingSaga) },
  },
  {
    name: 'a saga ends against its ledger',
    oracle: 'ledger-end',
    saga: INSTALMENTS,
    plant: { definition: unheld(forgetsWhatIsOwed(instalmentsSaga)) },
  },
  {
    name: 'a parent ends as compensated and leaves what its child did',
    oracle: 'ledger-end',
    saga: GROUP,
    plant: { definition: unheld(forgetsWhatIsOwed(groupSaga)) },
  },
  {
    name: 'a child past its pivot, settled by a person, counts as failed for certain',
    oracle: 'child-outcome',
    saga: GROUP,
    plant: {
      store: (store) =>
        rewrites(store, ({ journal, ...commit }) => ({
          ...commit,
          journal: { ...journal, data: journal.data.replace(SETTLED, `$1${CERTAIN}`) },
        })),
    },
  },
  {
    name: 'a parent undoes all but a child that a person settled past its pivot',
    oracle: 'ledger-end',
    fromSeed: 25,
    saga: GROUP,
    plant: { definition: unheld(takesSettledForFailed(groupSaga)) },
  },
  {
    name: 'a child that was given up in part counts as compensated',
    oracle: 'given-up',
    saga: GROUP,
    plant: {
      store: (store) =>
        rewrites(store, ({ saga, ...commit }) => {
          const isGivenUp = saga.state.includes('"gaveUp"');
          const isShown = saga.status === 'compensation_failed' && isGivenUp;
          return { ...commit, saga: isShown ? { ...saga, status: 'compensated' } : saga };
        }),
    },
  },
  {
    name: 'a parent waits for ever for a child whose machine ended in an error',
    oracle: 'liveness',
    fromSeed: 90,
    saga: GUILD,
    plant: {
      definition: guildSaga,
      store: (store) => standsStill(store, ({ journal }) => IN_ERROR.test(journal.data)),
    },
  },
  {
    name: 'a second spawn under one id leaves the first one running',
    oracle: 'under-way',
    saga: SCOUT,
    plant: {
      store: (store) =>
        rewrites(store, ({ saga, ...commit }) => ({
          ...commit,
          saga: { ...saga, state: saga.state.replace(LEFT, '"status":"running"') },
        })),
    },
  },
];
