/**
 * The sagas that are simulated: what starts each, what its callers send it, and what must be true
 * of it at its end beside what is true of any. To simulate another one, add it here.
 */
import type { EventObject } from 'xstate';
import { ACCOUNT_KINDS, accountSaga } from '../../machines/account.ts';
import { onboardingSaga } from '../../machines/onboarding.ts';
import { orderSaga } from '../../machines/order.ts';
import { tripSaga } from '../../machines/trip.ts';
import type { Contract } from '../../src/core/activity.ts';
import type { SagaDefinition } from '../../src/core/definition.ts';
import { nodesOf } from '../../src/core/machine-nodes.ts';
import { examplesFor } from '../../src/core/verify/learn.ts';

export interface SimSaga {
  readonly definition: SagaDefinition;
  /** The input of the start under this key, as callers give it. */
  readonly inputOf: (key: string, quantity: number) => object;
  /** What a caller may send while the saga waits. */
  readonly events: readonly EventObject[];
  /** The event that tells subscribers of its completion, where there is one. */
  readonly completion: string | null;
  /** Everything else that it tells subscribers. */
  readonly reminders: readonly string[];
  /** The step that moves money, where there is one. */
  readonly chargeStep: string | null;
  /** How many steps a completed one with this input has; a child is one. */
  readonly stepsOf: (input: unknown) => number;
  /** What an activity's input is about, if it says so. */
  readonly subjectOf: (input: What) => string | undefined;
  /** Sagas that it runs as children. */
  readonly children: readonly SimSaga[];
  /** Activities whose effect may be in the engine's own database. */
  readonly local: readonly string[];
  /** True where no step has a second occurrence. */
  readonly isStraight: boolean;
  /** True where compensations may run side by side. */
  readonly isParallel: boolean;
  /** What an activity, or a child, answers, by name. */
  readonly outputs: ReadonlyMap<string, unknown>;
}

/** What participants read of an input. */
export interface What {
  readonly orderId?: string;
  readonly tripId?: string;
  readonly customerId?: string;
  readonly kind?: string;
  readonly quantity?: number;
  readonly amountMinor?: number;
}

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

const SHARES: readonly Share[] = [
  { weight: 2, saga: ORDER },
  { weight: 1, saga: TRIP },
  { weight: 1, saga: ONBOARDING },
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

/** The saga of that type in the family of a run's saga. */
export function memberOf(root: SimSaga, type: string): SimSaga {
  const family = [root, ...root.children];
  const member = family.find(({ definition }) => definition.id === type);
  if (member === undefined) throw new Error(`no saga "${type}" is simulated in this run`);
  return member;
}

/** The same saga with another drawing, as a planted bug brings it. */
export function redrawnAs(saga: SimSaga, definition: SagaDefinition): SimSaga {
  return { ...saga, definition };
}

function simulated<C extends Contract>(
  definition: SagaDefinition<C>,
  parts: Pick<SimSaga, 'inputOf' | 'stepsOf' | 'subjectOf'> &
    Partial<Omit<SimSaga, 'definition' | 'isParallel' | 'outputs'>>,
): SimSaga {
  const examples = examplesFor(definition, {});
  const answering = [...definition.activities, ...Object.keys(definition.children)];
  return {
    events: [],
    completion: null,
    reminders: [],
    chargeStep: null,
    children: [],
    local: [],
    isStraight: false,
    ...parts,
    definition,
    isParallel: nodesOf(definition.machine).some(({ type }) => type === 'parallel'),
    outputs: new Map(answering.map((name) => [name, examples.outputsOf(name)[0]])),
  };
}
