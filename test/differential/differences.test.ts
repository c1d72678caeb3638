/**
 * Where a durable saga differs from a live actor on purpose, one test for each; `durable` documents
 * them. Everything else is equal, see differential.test.ts.
 */
import { describe, expect, test } from 'vitest';
import { assign, createActor, emit, raise, setup, spawnChild } from 'xstate';
import type { Failure } from '../../src/core/failure.ts';
import { activity } from '../../src/core/activity.ts';
import { durable } from '../../src/core/define/durable.ts';
import { SagaDriver } from '../../src/testing/saga-driver.ts';
import { DurableSide } from './durable-side.ts';
import { LiveSide } from './live-side.ts';

const kit = setup({
  types: { context: {} as { count: number; value: unknown } },
  actors: { fetch: activity<null, null>() },
  delays: { LATER: 1_000, 'fetch.timeout': 5_000 },
});
const context = { count: 0, value: null };

describe('a durable saga, unlike a live actor,', () => {
  test('stays as it was when an event makes its machine throw; the sender is told', async () => {
    const machine = kit.createMachine({
      id: 'throws',
      context,
      on: {
        BAD: {
          actions: assign(() => {
            throw new Error('poison');
          }),
        },
      },
    });
    const live = await LiveSide.start(machine, null);
    await live.send({ type: 'BAD' });
    expect(live.sight().status).toBe('error');
    const saga = new DurableSide(machine, null);
    await expect(saga.send({ type: 'BAD' })).rejects.toThrow('poison');
    expect(saga.sight().status).toBe('active');
  });

  test('goes on where a custom action throws: it has run only after the turn', async () => {
    const machine = setup({
      actions: {
        ring: () => {
          throw new Error('nobody there');
        },
      },
    }).createMachine({
      id: 'bell',
      initial: 'still',
      states: { still: { on: { RING: { target: 'rung', actions: 'ring' } } }, rung: {} },
    });
    const live = await LiveSide.start(machine, null);
    await live.send({ type: 'RING' });
    expect(live.sight().status).toBe('error');
    const saga = new DurableSide(machine, null);
    await saga.send({ type: 'RING' });
    expect(saga.sight()).toMatchObject({ status: 'active', value: 'rung' });
  });

  test('refuses an actor where only data is kept, itself too', () => {
    const machine = kit.createMachine({
      id: 'shy',
      context,
      on: {
        ASK: {
          actions: spawnChild('fetch', {
            id: 'fetch',
            input: (({ self }: { self: unknown }) => self) as never,
          }),
        },
      },
    });
    const saga = new SagaDriver(durable(machine), null);
    expect(() => saga.send({ type: 'ASK' })).toThrow(
      'is an actor, which lives in memory only; give its id, and start it with an invoke or ' +
        'spawnChild; a child reaches its parent with sendParent',
    );
  });

  test('refuses, and says so, what a live actor drops in silence', () => {
    const machine = kit.createMachine({
      id: 'plain',
      context,
      on: { ADD: { actions: raise({ type: 'ADDED' }) } },
    });
    const saga = new SagaDriver(durable(machine), null);
    expect(saga.send({ type: 'SUB' })).toEqual({
      kind: 'refused',
      reason: 'not-accepted',
      legal: ['ADD'],
      kept: [],
    });
  });

  test('never lets anybody outside speak in the name of the engine', async () => {
    const machine = kit.createMachine({
      id: 'wild',
      context,
      on: { '*': { actions: assign({ count: ({ context: { count } }) => count + 1 }) } },
    });
    const event = { type: 'xstate.done.actor.fetch' };
    const live = await LiveSide.start(machine, null);
    await live.send(event);
    expect(live.sight().context).toMatchObject({ count: 1 });
    const saga = new DurableSide(machine, null);
    await saga.send(event);
    expect(saga.sight().context).toMatchObject({ count: 0 });
  });

  test('has one timer for each id: a delayed event under a pending id replaces it', async () => {
    const machine = kit.createMachine({
      id: 'alarms',
      context,
      on: {
        SET: { actions: raise({ type: 'RING' }, { delay: 'LATER', id: 'alarm' }) },
        RING: { actions: emit({ type: 'rang' }) },
      },
    });
    const live = await LiveSide.start(machine, null);
    const saga = new DurableSide(machine, null);
    for (const side of [live, saga]) {
      await side.send({ type: 'SET' });
      await side.elapse(500);
      await side.send({ type: 'SET' });
      await side.elapse(2_000);
    }
    expect(live.sight().emitted).toHaveLength(2);
    expect(saga.sight().emitted).toHaveLength(1);
  });

  test('tells of a failed activity whether another attempt may help, beside what was thrown', () => {
    const machine = kit.createMachine({
      id: 'failing',
      context,
      initial: 'fetching',
      states: {
        fetching: {
          invoke: {
            id: 'fetch',
            src: 'fetch',
            input: null,
            onError: { target: 'failed', actions: assign({ value: ({ event }) => event.error }) },
          },
        },
        failed: {},
      },
    });
    const saga = new SagaDriver(durable(machine), null);
    const failure = { code: 'ECONNRESET', message: 'reset', retryable: true, ambiguous: true };
    saga.fail('fetch', failure);
    const { value } = saga.state.snapshot.context as { value: unknown };
    expect(value).toBeInstanceOf(Error);
    const { code, message, retryable, ambiguous } = value as Failure & Error;
    expect({ code, message, retryable, ambiguous }).toEqual(failure);
  });

  test('refuses a context that would not be the same after a restart', () => {
    const machine = kit.createMachine({
      id: 'dated',
      context,
      on: { NOW: { actions: assign({ value: () => new Date(0) }) } },
    });
    const actor = createActor(machine).start();
    actor.send({ type: 'NOW' });
    expect(actor.getSnapshot().context.value).toBeInstanceOf(Date);
    const saga = new SagaDriver(durable(machine), null);
    expect(() => saga.send({ type: 'NOW' })).toThrow('"value" is a Date');
  });

  test('ends an actor when another one is started under its id', () => {
    const machine = kit.createMachine({
      id: 'twins',
      context,
      on: { GO: { actions: spawnChild('fetch', { id: 'fetch', input: null }) } },
    });
    const saga = new SagaDriver(durable(machine), null);
    saga.send({ type: 'GO' });
    saga.send({ type: 'GO' });
    expect(saga.effects.map(({ kind }) => kind)).toEqual(['stop-activity', 'start-activity']);
  });

  test('gives an attempt its whole time again after a restart', async () => {
    const machine = kit.createMachine({
      id: 'slow',
      context,
      initial: 'fetching',
      states: {
        fetching: {
          invoke: { id: 'fetch', src: 'fetch', input: null },
          after: { 'fetch.timeout': 'late' },
        },
        late: {},
      },
    });
    const saga = new SagaDriver(durable(machine), null);
    expect(Object.values(saga.state.live.timers)).toMatchObject([{ delayMs: 5_000 }]);
    expect(Object.values(saga.state.live.timers)[0]?.dueMs).toBeUndefined();
    saga.take({ kind: 'interrupted', activity: 'fetch', token: saga.tokenOf('fetch') });
    expect(saga.effects).toMatchObject([{ kind: 'start-activity', timeout: { delayMs: 5_000 } }]);
  });
});
