/**
 * The sagas that are simulated, and how often. To simulate another one, add it here.
 */
import { ACCOUNT_KINDS, accountSaga } from '../../machines/account.ts';
import { onboardingSaga } from '../../machines/onboarding.ts';
import { orderSaga } from '../../machines/order.ts';
import { tripSaga } from '../../machines/trip.ts';
import {
  fittingSaga,
  instalmentsSaga,
  legsSaga,
  parcelsSaga,
  type Receipt,
} from './block-sagas.ts';
import {
  brittleSaga,
  groupSaga,
  guildSaga,
  jobSaga,
  scoutSaga,
  searchSaga,
  teamSaga,
} from './family-sagas.ts';
import { type SimSaga, simulated, type What } from './sim-saga.ts';

/** How often a run is about the saga, against the others. */
interface Share {
  readonly weight: number;
  readonly saga: SimSaga;
}

export const ORDER: SimSaga = simulated(orderSaga, {
  inputOf: (orderId, quantity) => ({
    orderId,
    customerId: 'customer-1',
    customerEmail: 'customer@example.org',
    productId: 'laptop',
    quantity,
    amount: `${quantity}0.50`,
    paymentMethod: 'paypal',
  }),
  completion: 'order.completed',
  chargeStep: 'processPayment',
  stepsOf: () => 4,
  subjectOf: ({ orderId }) => orderId,
  isStraight: true,
  local: [
    'reserveInventory',
    'releaseInventory',
    'sendConfirmation',
    'cancelConfirmation',
    'updateOrder',
    'revertOrder',
  ],
});

export const TRIP: SimSaga = simulated(tripSaga, {
  inputOf: (tripId, nights) => ({
    tripId,
    traveller: 'traveller-1',
    destination: 'Lisbon',
    nights,
    amountMinor: 10_000 * nights,
  }),
  events: [{ type: 'reject' }, { type: 'approve' }, { type: 'approve' }],
  completion: 'trip.completed',
  chargeStep: 'chargeTrip',
  stepsOf: () => 5,
  subjectOf: ({ tripId }) => tripId,
});

/** A customer, or one account of a customer. */
function bankSubject({ customerId, kind }: What): string | undefined {
  return kind === undefined ? customerId : `${customerId}.${kind}`;
}

const ACCOUNT: SimSaga = simulated(accountSaga, {
  inputOf: (customerId) => ({ customerId, kind: 'current' }),
  stepsOf: () => 2,
  subjectOf: bankSubject,
  isStraight: true,
  local: accountSaga.activities,
});

export const ONBOARDING: SimSaga = simulated(onboardingSaga, {
  // Whoever asks for more accounts asks for credit too.
  inputOf: (customerId, quantity) => ({
    customerId,
    name: 'Ada Example',
    email: 'ada@example.org',
    creditLimitMinor: (quantity - 1) * 10_000,
    accounts: ACCOUNT_KINDS.slice(0, quantity),
  }),
  events: [{ type: 'reject' }, { type: 'approve' }, { type: 'approve' }],
  reminders: ['onboarding.reminder'],
  stepsOf: (input) => {
    const { creditLimitMinor, accounts } = input as {
      readonly creditLimitMinor: number;
      readonly accounts: readonly string[];
    };
    return (creditLimitMinor > 0 ? 3 : 2) + accounts.length;
  },
  subjectOf: bankSubject,
  children: [ACCOUNT],
  local: onboardingSaga.activities,
});

/** Of a saga whose participants can tell the runs of a step apart. */
const TOLD_APART = {
  inputOf: (orderId: string, quantity: number) => ({ orderId, quantity }),
  subjectOf: ({ orderId }: What) => orderId,
  carriesRuns: true,
  outputOf: (_: string, key: string): Receipt => ({ key }),
};

function piecesOf(input: unknown): number {
  return (input as { readonly quantity: number }).quantity;
}

export const INSTALMENTS: SimSaga = simulated(instalmentsSaga, {
  ...TOLD_APART,
  stepsOf: (input) => piecesOf(input) + 1,
  local: instalmentsSaga.activities,
});

// The second round ships nothing.
export const PARCELS: SimSaga = simulated(parcelsSaga, {
  ...TOLD_APART,
  stepsOf: (input) => 2 * piecesOf(input) + (piecesOf(input) > 1 ? 1 : 2),
  local: parcelsSaga.activities,
});

// The first leg goes by rail, the second by air.
export const LEGS: SimSaga = simulated(legsSaga, {
  ...TOLD_APART,
  events: [{ type: 'confirm' }, { type: 'confirm' }, { type: 'refuse' }],
  isAskedAgain: true,
  stepsOf: (input) => 2 * piecesOf(input) + Math.min(2, piecesOf(input)) + 1,
  local: legsSaga.activities,
});

export const FITTING: SimSaga = simulated(fittingSaga, {
  ...TOLD_APART,
  stepsOf: (input) => (piecesOf(input) < 3 ? 7 : 6),
  local: fittingSaga.activities,
});

const SETTLED = { ...TOLD_APART, isSettledAnyhow: true, stepsOf: () => 4 };

/** A member's part of the order that its family is about. */
function partOf(member: string) {
  return { subjectOf: ({ orderId = '' }: What) => `${orderId}.${member}` };
}

const JOB: SimSaga = simulated(jobSaga, {
  ...SETTLED,
  ...partOf('job'),
  stepsOf: () => 3,
  local: jobSaga.activities,
});
const TEAM: SimSaga = simulated(teamSaga, {
  ...SETTLED,
  ...partOf('team'),
  children: [JOB],
  local: teamSaga.activities,
});
export const GROUP: SimSaga = simulated(groupSaga, {
  ...SETTLED,
  children: [TEAM],
  local: groupSaga.activities,
});

const BRITTLE: SimSaga = simulated(brittleSaga, {
  ...SETTLED,
  ...partOf('brittle'),
  carriesRuns: false,
  stepsOf: () => 2,
  local: brittleSaga.activities,
});
export const GUILD: SimSaga = simulated(guildSaga, {
  ...SETTLED,
  children: [BRITTLE],
  stepsOf: () => 3,
  local: guildSaga.activities,
});

const SEARCH: SimSaga = simulated(searchSaga, {
  ...SETTLED,
  subjectOf: () => undefined, // there may be several of one order
  stepsOf: () => 1,
  local: searchSaga.activities,
});
export const SCOUT: SimSaga = simulated(scoutSaga, {
  ...SETTLED,
  events: [{ type: 'again' }],
  isAskedAgain: true,
  children: [SEARCH],
  stepsOf: () => null,
});

const SHARES: readonly Share[] = [
  { weight: 4, saga: ORDER },
  { weight: 2, saga: TRIP },
  { weight: 2, saga: ONBOARDING },
  { weight: 1, saga: INSTALMENTS },
  { weight: 1, saga: PARCELS },
  { weight: 1, saga: LEGS },
  { weight: 1, saga: FITTING },
  { weight: 2, saga: GROUP },
  { weight: 1, saga: GUILD },
  { weight: 1, saga: SCOUT },
];

/** Every simulated saga, by id. */
export const SIM_SAGAS: ReadonlyMap<string, SimSaga> = new Map(
  SHARES.map(({ saga }) => [saga.definition.id, saga]),
);

/** The saga that a run is about. `fraction`: in [0, 1). */
export function drawSaga(fraction: number): SimSaga {
  let rest = fraction * SHARES.reduce((sum, { weight }) => sum + weight, 0);
  return SHARES.find(({ weight }) => (rest -= weight) < 0)?.saga ?? ORDER;
}
