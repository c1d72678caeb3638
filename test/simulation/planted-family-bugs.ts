/**
 * Bugs on purpose between a saga and its children, and at the bank that they are about. Each is
 * tied to the oracle that must notice it.
 */
import type { BookOp } from './book-op.ts';
import type { PlantedBug } from './planted-bugs.ts';
import { rewrites } from './planted-stores.ts';
import { takesBackTooEarly } from './redrawn.ts';
import { ONBOARDING } from './sim-sagas.ts';

/** As the engine writes that a child has undone itself. */
const UNWOUND = /("activity":"account-unwind","token":\d+,"outcome":)\{"kind":"done"/;

/** As the engine writes that a child has completed. */
const OPENED =
  /("activity":"account","token":\d+,"outcome":\{"kind":"done","output":)\{"accountNumber":".*?"\}/;

const BUGS: readonly Omit<PlantedBug, 'saga'>[] = [
  {
    name: 'a parent takes back what its child still does',
    oracle: 'child-first',
    plant: { definition: takesBackTooEarly(ONBOARDING.definition) },
  },
  {
    name: 'a parent is told another output than that of its child',
    oracle: 'child-outcome',
    plant: {
      store: (store) =>
        rewrites(store, ({ journal, ...commit }) => ({
          ...commit,
          journal: { ...journal, data: journal.data.replace(OPENED, '$1{"accountNumber":"0"}') },
        })),
    },
  },
  {
    name: 'a child that has undone itself is taken for one that had completed',
    oracle: 'child-outcome',
    plant: {
      store: (store) =>
        rewrites(store, ({ journal, ...commit }) => ({
          ...commit,
          journal: { ...journal, data: journal.data.replace(UNWOUND, '$1{"kind":"failed"') },
        })),
    },
  },
  {
    name: 'a child that its parent left is never told',
    oracle: 'no-orphan',
    plant: {
      store: (store) =>
        rewrites(store, (commit) => ({
          ...commit,
          outbox: commit.outbox.filter(({ event }) => event !== 'backstep.end-children'),
        })),
    },
  },
  {
    name: "a customer's file is closed before the account is taken back",
    oracle: 'bank',
    fromSeed: 30,
    plant: { ops: (op) => (op.kind === 'undo' && op.step === 'account' ? [fileOf(op), op] : [op]) },
  },
  {
    name: 'a reminder is acknowledged and nobody was reminded',
    oracle: 'event-delivered',
    plant: { deafSubscriber: true },
  },
];

export const PLANTED_FAMILY_BUGS: readonly PlantedBug[] = BUGS.map((bug) => ({
  ...bug,
  saga: ONBOARDING,
}));

function fileOf({ sagaId, orderId, ...op }: BookOp): BookOp {
  const [customer = ''] = orderId.split('.');
  return {
    ...op,
    sagaId,
    orderId: customer,
    step: 'openFile',
    key: `${sagaId}/openFile/forward/1`,
  };
}
