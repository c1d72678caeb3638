/**
 * The sagas that are simulated: what starts each, what its callers send it, and what must be true
 * of it at its end beside what is true of any. To simulate another one, add it here.
 */
import type { EventObject } from 'xstate';
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
  /** The event that tells subscribers of its completion. */
  readonly completion: string;
  /** The step that moves money. */
  readonly chargeStep: string;
  /** How many steps a completed one has. */
  readonly stepCount: number;
  /** Activities whose effect may be in the engine's own database. */
  readonly local: readonly string[];
  /** True where no step has a second occurrence. */
  readonly isStraight: boolean;
  /** True where compensations may run side by side. */
  readonly isParallel: boolean;
  /** What an activity answers, by name. */
  readonly outputs: ReadonlyMap<string, unknown>;
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
  stepCount: 4,
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

const TRIP: SimSaga = simulated(tripSaga, {
  inputOf: (tripId, nights) => ({
    tripId,
    traveller: 'traveller-1',
    destination: 'Lisbon',
    nights,
    amountMinor: 10_000 * nights,
  }),
  events: [{ type: 'approve' }, { type: 'approve' }, { type: 'reject' }],
  completion: 'trip.completed',
  chargeStep: 'chargeTrip',
  stepCount: 5,
});

const SHARES: readonly Share[] = [
  { weight: 2, saga: ORDER },
  { weight: 1, saga: TRIP },
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

/** The same saga with another drawing, as a planted bug brings it. */
export function redrawnAs(saga: SimSaga, definition: SagaDefinition): SimSaga {
  return { ...saga, definition };
}

function simulated<C extends Contract>(
  definition: SagaDefinition<C>,
  parts: Pick<SimSaga, 'inputOf' | 'completion' | 'chargeStep' | 'stepCount'> &
    Partial<Pick<SimSaga, 'events' | 'local' | 'isStraight'>>,
): SimSaga {
  const examples = examplesFor(definition, {});
  return {
    events: [],
    local: [],
    isStraight: false,
    ...parts,
    definition,
    isParallel: nodesOf(definition.machine).some(({ type }) => type === 'parallel'),
    outputs: new Map(definition.activities.map((name) => [name, examples.outputsOf(name)[0]])),
  };
}
