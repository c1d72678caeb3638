import { describe, expect, it } from 'vitest';
import { setup } from 'xstate';
import { orderSaga } from '../fixtures/order-saga.ts';
import { activity } from '../../src/core/activity.ts';
import type { SagaDefinition } from '../../src/core/define/definition.ts';
import { durable } from '../../src/core/define/durable.ts';
import { type Rail, railOf, type RailStep, stepsOn } from '../../src/explain/rail.ts';
import { BUSY, LOST, ORDER, REFUSED, SagaDriver } from '../core/turn/saga-driver.ts';

describe('the rail of a sequential saga', () => {
  it('has every step in order with the compensation that mirrors it, before the start', () => {
    const rail = shaped(orderSaga, null);
    expect(
      stepsOn(rail).map(({ forward, compensation }) => [
        forward.activity,
        forward.status,
        compensation?.activity,
        compensation?.status,
      ]),
    ).toEqual([
      ['reserveInventory', 'planned', 'releaseInventory', 'planned'],
      ['processPayment', 'planned', 'refundPayment', 'planned'],
      ['sendConfirmation', 'planned', 'cancelConfirmation', 'planned'],
      ['updateOrder', 'planned', 'revertOrder', 'planned'],
    ]);
    expect(rail.stages.every(({ lanes }) => lanes.length === 1)).toBe(true);
    expect(rail.limits).toEqual([]);
  });

  it('knows the attempt, the budget and when the next one is due', () => {
    const order = new SagaDriver(orderSaga, ORDER);
    order.done('reserveInventory');
    order.fail('processPayment', BUSY);
    const { forward } = stepOn(order, 'processPayment');
    expect(forward).toMatchObject({ status: 'retrying', attempts: 1, budget: 6 });
    expect(forward.nextAttemptAtMs).toBeGreaterThan(order.nowMs);
    expect(forward.error?.code).toBe('busy');
    order.fireTimer('processPayment.retry');
    expect(stepOn(order, 'processPayment').forward).toMatchObject({
      status: 'running',
      attempts: 2,
      nextAttemptAtMs: null,
      dispatches: 1,
    });
  });

  it('has the deadline of the whole way as a limit, while it runs', () => {
    const order = new SagaDriver(orderSaga, ORDER);
    const deadline = { delay: 'deadline', dueMs: order.nowMs + 300_000 };
    expect(shaped(orderSaga, order.state).limits).toEqual([deadline]);
    order.fail('reserveInventory', REFUSED);
    expect(shaped(orderSaga, order.state).limits).toEqual([]);
  });

  it('says on the way back what is undone, what comes next and what was never owed', () => {
    const order = new SagaDriver(orderSaga, ORDER);
    order.done('reserveInventory');
    order.done('processPayment');
    order.fail('sendConfirmation', REFUSED);
    const sides = () =>
      stepsOn(shaped(orderSaga, order.state)).map(({ forward, compensation }) => [
        forward.status,
        compensation?.status,
      ]);
    expect(sides()).toEqual([
      ['completed', 'pending'],
      ['compensating', 'running'],
      ['failed', 'idle'],
      ['idle', 'idle'],
    ]);
    order.done('refundPayment');
    order.done('releaseInventory');
    expect(order.state.status).toBe('compensated');
    expect(sides()).toEqual([
      ['compensated', 'compensated'],
      ['compensated', 'compensated'],
      ['failed', 'idle'],
      ['idle', 'idle'],
    ]);
  });

  it('keeps apart that a step is in doubt, and that its compensation gave up', () => {
    const order = new SagaDriver(orderSaga, ORDER);
    order.fail('reserveInventory', { ...LOST, retryable: false });
    expect(stepOn(order, 'reserveInventory').compensation).toMatchObject({ status: 'running' });
    order.fail('releaseInventory', REFUSED);
    expect(stepOn(order, 'reserveInventory').compensation).toMatchObject({
      status: 'compensation_failed',
      attempts: 1,
      error: { code: 'refused' },
    });
  });

  it('names who gave a compensation up, and why', () => {
    const order = new SagaDriver(orderSaga, ORDER);
    order.done('reserveInventory');
    order.fail('processPayment', REFUSED);
    order.fail('releaseInventory', REFUSED);
    order.command('skip', 'released by hand');
    const step = stepOn(order, 'reserveInventory');
    expect(step.skip).toEqual({ by: null, reason: 'released by hand' });
    expect(step.compensation?.status).toBe('skipped');
  });

  it('counts the starts of one attempt over crashes', () => {
    const order = new SagaDriver(orderSaga, ORDER);
    const token = order.tokenOf('reserveInventory');
    order.take({ kind: 'interrupted', activity: 'reserveInventory', token });
    expect(stepOn(order, 'reserveInventory').forward).toMatchObject({ attempts: 1, dispatches: 2 });
  });
});

describe('the rail of a hand-written machine', () => {
  it('sets parallel states side by side and waits where they are', () => {
    const rail = shaped(tripSaga, null);
    expect(outlineOf(rail)).toEqual([
      [
        ['hotel', ['bookHotel compensatable']],
        ['flight', ['bookFlight compensatable']],
      ],
      [[null, ['approval wait']]],
      [[null, ['charge pivot']]],
      [[null, ['issueTickets retriable']]],
    ]);
    expect(rail.stages.map(({ name }) => name)).toEqual(['booking', null, null, null]);
    expect(stepsOn(rail).map(({ compensation }) => compensation?.activity)).toEqual([
      'cancelHotel',
      'cancelFlight',
      undefined,
      undefined,
    ]);
  });

  it('lights the wait with its due time, and has passed it afterwards', () => {
    const trip = new SagaDriver(tripSaga, null);
    expect(waitOn(trip)).toMatchObject({ status: 'pending', dueMs: null });
    trip.done('bookHotel');
    trip.done('bookFlight');
    expect(waitOn(trip)).toMatchObject({ status: 'waiting', dueMs: trip.nowMs + 86_400_000 });
    expect(shaped(tripSaga, trip.state).limits).toEqual([]);
    trip.take({ kind: 'event', id: 'e-1', event: { type: 'approve' } });
    expect(waitOn(trip)).toMatchObject({ status: 'passed', dueMs: null });
  });

  it('keeps a wait ahead of a paused saga pending, and one that was terminated there waits no more', () => {
    const trip = new SagaDriver(tripSaga, null);
    trip.command('pause');
    expect(waitOn(trip).status).toBe('pending');
    trip.command('resume');
    trip.done('bookHotel');
    trip.done('bookFlight');
    trip.command('terminate');
    expect(waitOn(trip)).toMatchObject({ status: 'idle', dueMs: null });
  });

  it('leaves a wait that was never reached idle once the saga turned back', () => {
    const trip = new SagaDriver(tripSaga, null);
    trip.done('bookHotel');
    trip.fail('bookFlight', REFUSED);
    expect(trip.state.status).toBe('compensating');
    expect(waitOn(trip).status).toBe('idle');
  });

  it('is not drawn for a machine without steps, nor one that is parallel as a whole', () => {
    const idle = setup({}).createMachine({ id: 'idle', initial: 'a', states: { a: {} } });
    const whole = setup({ actors: { work: activity() } }).createMachine({
      id: 'whole',
      type: 'parallel',
      states: { a: { invoke: { id: 'work', src: 'work' } }, b: {} },
    });
    expect(railOf(durable(idle), null)).toBeNull();
    expect(railOf(durable(whole), null)).toBeNull();
  });
});

const actors = Object.fromEntries(
  ['bookHotel', 'bookFlight', 'cancelHotel', 'cancelFlight', 'charge', 'issueTickets'].map(
    (name) => [name, activity()],
  ),
);

const tripSaga = durable(
  setup({ actors, delays: { approval: 86_400_000 } }).createMachine({
    id: 'trip',
    initial: 'booking',
    states: {
      booking: {
        type: 'parallel',
        onDone: 'approval',
        states: {
          hotel: {
            initial: 'busy',
            states: {
              busy: { invoke: invoke('bookHotel', 'booked'), meta: { step: 'bookHotel' } },
              booked: { type: 'final' },
            },
          },
          flight: {
            initial: 'busy',
            states: {
              busy: {
                meta: { step: 'bookFlight' },
                invoke: { ...invoke('bookFlight', 'booked'), onError: '#trip.undoing' },
              },
              booked: { type: 'final' },
            },
          },
        },
      },
      approval: {
        tags: ['waiting'],
        initial: 'asked',
        after: { approval: 'undoing' },
        on: { approve: 'charging' },
        states: { asked: { tags: ['waiting'] } },
      },
      charging: { meta: { step: 'charge', kind: 'pivot' }, invoke: invoke('charge', 'issuing') },
      issuing: {
        meta: { step: 'issueTickets', kind: 'retriable' },
        invoke: invoke('issueTickets', 'over'),
      },
      undoing: {
        tags: ['compensating'],
        initial: 'flight',
        states: {
          flight: { meta: { compensates: 'bookFlight' }, invoke: invoke('cancelFlight', 'hotel') },
          hotel: {
            meta: { compensates: 'bookHotel' },
            invoke: invoke('cancelHotel', '#trip.undone'),
          },
        },
      },
      over: { type: 'final' },
      undone: { type: 'final', tags: ['compensated'] },
    },
  }),
);

function invoke(name: string, onDone: string) {
  return { id: name, src: name, onDone };
}

function shaped(definition: SagaDefinition, state: SagaDriver['state'] | null): Rail {
  const rail = railOf(definition, state);
  if (rail === null) throw new Error('it has no rail');
  return rail;
}

function stepOn(order: SagaDriver, name: string): RailStep {
  const step = stepsOn(shaped(orderSaga, order.state)).find((each) => each.name === name);
  if (step === undefined) throw new Error(`there is no step ${name}`);
  return step;
}

function waitOn({ state }: SagaDriver) {
  const stops = shaped(tripSaga, state).stages.flatMap(({ lanes }) => lanes[0]?.stops ?? []);
  const wait = stops.find((stop) => stop.stop === 'wait');
  if (wait === undefined) throw new Error('there is no wait');
  return wait;
}

function outlineOf({ stages }: Rail) {
  return stages.map(({ lanes }) =>
    lanes.map(({ name, stops }) => [
      name,
      stops.map((stop) => `${stop.name} ${stop.stop === 'wait' ? 'wait' : stop.kind}`),
    ]),
  );
}
