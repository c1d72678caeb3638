import { describe, expect, it } from 'vitest';
import { setup } from 'xstate';
import { orderSaga } from '../fixtures/order-saga.ts';
import { activity } from '../../src/core/activity.ts';
import { type Light, type LitState, litStates } from '../../src/explain/chart-lights.ts';
import { chartOf, statesIn, waysOutOf } from '../../src/explain/chart.ts';
import { durable } from '../../src/core/define/durable.ts';
import { nodesOf } from '../../src/core/machine/machine-nodes.ts';
import { BUSY, LOST, ORDER, REFUSED, SagaDriver } from '../core/turn/saga-driver.ts';

describe('the chart of a definition', () => {
  it('has every state of the machine that runs, within each other as there', () => {
    const states = statesIn(chartOf(orderSaga).root);
    expect(states.map(({ id }) => id)).toEqual(nodesOf(orderSaga.machine).map(({ id }) => id));
    const calls = states.flatMap((state) => state.calls.map(({ activity: name }) => name));
    expect(new Set(calls)).toEqual(new Set(orderSaga.activities));
  });

  it('has every transition between two states, with what triggers it in words', () => {
    const { transitions } = chartOf(orderSaga);
    const ids = new Set(nodesOf(orderSaga.machine).map(({ id }) => id));
    expect(transitions.every(({ from, to }) => ids.has(from) && ids.has(to))).toBe(true);
    const pairs = transitions.map(({ from, to }) => `${from} ${to}`);
    expect(new Set(pairs).size).toBe(pairs.length);
    const waysFrom = (name: string): string[] =>
      transitions
        .filter(({ from }) => from.endsWith(name))
        .flatMap(({ ways }) => ways.map(({ trigger }) => trigger.words));
    expect(waysFrom('processPayment.running')).toEqual(
      expect.arrayContaining([
        'processPayment done',
        'processPayment failed',
        'processPayment timed out',
      ]),
    );
    expect(waysFrom('processPayment.retrying')).toContain('retry of processPayment');
    expect(waysFrom('.forward')).toEqual(expect.arrayContaining(['cancel', 'after deadline']));
  });

  it('shows parallel states, events, guards by name, and inline ones as a condition', () => {
    const machine = setup({
      actors: { work: activity() },
      guards: { isRich: () => true },
      delays: { patience: 1_000 },
    }).createMachine({
      id: 'm',
      initial: 'both',
      states: {
        both: {
          type: 'parallel',
          onDone: 'over',
          after: { patience: 'over' },
          states: { a: { invoke: { id: 'work', src: 'work' } }, b: {} },
          on: {
            go: [
              { guard: 'isRich', target: 'over' },
              { guard: () => true, target: 'over' },
            ],
          },
        },
        over: { type: 'final' },
      },
    });
    const { root, transitions } = chartOf(durable(machine));
    expect(root.states.map(({ type, isInitial }) => [type, isInitial])).toEqual([
      ['parallel', true],
      ['final', false],
    ]);
    expect(
      transitions.flatMap(({ ways }) => ways.map(({ trigger, guard }) => [trigger.words, guard])),
    ).toEqual(
      expect.arrayContaining([
        ['both done', null],
        ['after patience', null],
        ['go', 'isRich'],
        ['go', 'guard'],
      ]),
    );
  });
});

describe('the ways out of where a saga stands', () => {
  it('are all transitions of the active states, inner ones first, with their guards', () => {
    const order = new SagaDriver(orderSaga, ORDER);
    const ways = waysOutOf(orderSaga, order.state).map(({ trigger }) => trigger.words);
    expect(ways[0]).toMatch(/^reserveInventory /);
    expect(ways.slice(-3)).toEqual(expect.arrayContaining(['after deadline', 'cancel']));
    order.command('cancel');
    order.done('releaseInventory');
    expect(order.state.status).toBe('compensated');
    expect(waysOutOf(orderSaga, order.state)).toEqual([]);
  });
});

describe('the lit states of a saga', () => {
  it('has none that is active once the saga is over', () => {
    const done = new SagaDriver(orderSaga, ORDER);
    for (const { name } of orderSaga.steps) done.done(name);
    expect(lightsOf(done).get('completed')).toBe('done');
    const stopped = new SagaDriver(orderSaga, ORDER);
    stopped.command('terminate');
    for (const { state, trail } of [done, stopped]) {
      const lights = litStates(orderSaga, state, trail).map(({ light }) => light);
      expect(lights).not.toContain('active');
    }
  });

  it('are the active ones, and what became of each step it has been in', () => {
    const order = new SagaDriver(orderSaga, ORDER);
    order.done('reserveInventory');
    order.fail('processPayment', BUSY);
    const lights = lightsOf(order);
    expect(lights.get('forward')).toBe('active');
    expect(lights.get('forward.reserveInventory')).toBe('done');
    expect(lights.get('forward.reserveInventory.running')).toBe('done');
    expect(lights.get('forward.processPayment.retrying')).toBe('active');
    expect(lights.get('forward.processPayment.running')).toBe('visited');
    expect(lights.has('forward.sendConfirmation')).toBe(false);
  });

  it('tell of the attempt that is under way, and of the timer that is due next', () => {
    const order = new SagaDriver(orderSaga, ORDER);
    order.fail('reserveInventory', BUSY);
    const retrying = litAt(order, 'forward.reserveInventory.retrying');
    expect(retrying).toMatchObject({ light: 'active', attempt: null });
    const due = order.state.steps[0]?.nextAttemptAtMs;
    expect(due).toBeGreaterThan(0);
    expect(retrying?.dueMs).toBe(due);
    // What was left has nothing under way; the deadline runs all the time.
    const left = { attempt: null, dueMs: null };
    expect(litAt(order, 'forward.reserveInventory.running')).toMatchObject(left);
    expect(litAt(order, 'forward')?.dueMs).toBeGreaterThan(due ?? 0);
    order.fireTimer('retry');
    expect(litAt(order, 'forward.reserveInventory.running')).toMatchObject({
      light: 'active',
      attempt: 2,
    });
    expect(litAt(order, 'forward.reserveInventory.retrying')).toMatchObject(left);
  });

  it('tell failed from in doubt, and compensated from a compensation that gave up', () => {
    const order = new SagaDriver(orderSaga, ORDER);
    order.done('reserveInventory');
    order.done('processPayment');
    order.fail('sendConfirmation', { ...LOST, retryable: false });
    order.done('cancelConfirmation');
    order.fail('refundPayment', REFUSED);
    const lights = lightsOf(order);
    expect(lights.get('forward.sendConfirmation')).toBe('compensated');
    expect(lights.get('forward.processPayment')).toBe('done');
    expect(lights.get('compensating.cancelConfirmation')).toBe('compensated');
    expect(lights.get('compensating.refundPayment')).toBe('failed');
    const active = [...lights].filter(([, light]) => light === 'active').map(([path]) => path);
    expect(order.trail.at(-1)).toBe(active.at(-1));
    const failing = new SagaDriver(orderSaga, ORDER);
    failing.fail('reserveInventory', REFUSED);
    expect(lightsOf(failing).get('forward.reserveInventory')).toBe('failed');
    expect(lightsOf(failing).get('compensated')).toBe('compensated');
  });
});

function litAt({ state, trail }: SagaDriver, path: string): LitState | undefined {
  return litStates(orderSaga, state, trail).find((lit) => lit.path === path);
}

function lightsOf({ state, trail }: SagaDriver): ReadonlyMap<string, Light> {
  return new Map(litStates(orderSaga, state, trail).map(({ path, light }) => [path, light]));
}
